"""What a person fills in: options of commands, selects and modals, checked as a client does."""

from typing import Any

import pytest

from bot.playground import components as parts
from bot.playground import forms
from bot.playground import options as optional
from bot.playground.problems import ControlError
from bot.playground.resolved import Resolved, Resolver
from bot.playground.server import Playground
from bot.playground.uploads import Upload
from tests.unit.bot.playground.test_messages import channel_of

Json = dict[str, Any]


@pytest.fixture
def resolved(playground: Playground) -> Resolved:
    """What an interaction in #general of the Lighthouse would collect, with one file at hand."""
    resolver = Resolver(
        world=playground.world,
        views=playground._views,
        cdn=playground._cdn,
        directory=playground._directory,
        limits=playground.limits,
        new_id=playground._new_id,
        application=playground.application,
    )
    channel = playground.world.channel(channel_of(playground, "general"))
    assert channel is not None
    return resolver.begin(channel, {"f0": Upload("a.png", b"x" * 20)})


def option(kind: int, **more: Any) -> Json:
    """An option named o."""
    return {"name": "o", "type": kind, **more}


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (option(3, min_length=2, max_length=3), "abc"),
        (option(3, choices=[{"name": "A", "value": "a"}]), "a"),
        (option(4, min_value=0, max_value=10), 0),
        (option(5), False),
        (option(10), 1),
        (option(10, max_value=1.5), 1.5),
    ],
)
def test_good_values_pass(resolved: Resolved, wanted: Json, value: Any) -> None:
    """Values of the right kind and range arrive as they are."""
    [given] = optional.filled_in([wanted], {"o": value}, resolved)
    assert given == {"name": "o", "type": wanted["type"], "value": value}


@pytest.mark.parametrize(
    ("wanted", "values", "sentence"),
    [
        (option(3, required=True), {}, "Give the required option 'o'"),
        (option(3), {"p": 1}, "no option 'p'"),
        (option(3), {"o": 1}, "takes a text"),
        (option(4), {"o": 1.5}, "takes a whole number"),
        (option(4), {"o": True}, "takes a whole number"),
        (option(5), {"o": "yes"}, "true or false"),
        (option(10), {"o": "1"}, "takes a number"),
        (option(3, max_length=2), {"o": "abc"}, "0 to 2 characters"),
        (option(3, choices=[{"name": "A", "value": "a"}]), {"o": "b"}, "not among the choices"),
        (option(4, min_value=1), {"o": 0}, "takes 1 to"),
        (option(4), {"o": 2**60}, "takes -9007199254740992 to"),
        (option(6), {"o": "nobody"}, "no person 'nobody'"),
        (option(7), {"o": "bench"}, "not in this guild"),
        (option(8), {"o": "king"}, "no role 'king'"),
        (option(11), {"o": "f9"}, "form part 'f9'"),
    ],
)
def test_bad_values_are_refused(
    resolved: Resolved, wanted: Json, values: Json, sentence: str
) -> None:
    """Each with a sentence that says what to give."""
    with pytest.raises(ControlError, match=sentence):
        optional.filled_in([wanted], values, resolved)


def test_things_are_resolved(resolved: Resolved, playground: Playground) -> None:
    """People, channels, roles and files come with their objects under their ids."""
    wanted = [{"name": f"o{kind}", "type": kind} for kind in (6, 7, 8, 9, 11)]
    values = {"o6": "hare", "o7": "gallery", "o8": "moderator", "o9": "moderator", "o11": "f0"}
    given = {one["type"]: one["value"] for one in optional.filled_in(wanted, values, resolved)}
    found = resolved.as_json()["resolved"]
    assert found["users"][given[6]]["username"] == "hare"
    assert "user" not in found["members"][given[6]]
    assert found["channels"][given[7]]["name"] == "gallery"
    assert found["roles"][given[8]]["name"] == "moderator"
    assert given[9] == given[8]
    assert found["attachments"][given[11]]["ephemeral"]
    playground.limits.attachment_max_bytes = 10
    with pytest.raises(ControlError, match=r"a\.png is larger than 10 bytes"):
        resolved.attachment("f0")


def test_half_typed_commands_say_what_is_focused() -> None:
    """The focused option is text whatever its type; files are left out."""
    wanted = [option(4, autocomplete=True), {"name": "f", "type": 11}, {"name": "p", "type": 3}]
    typed = optional.half_typed(wanted, {"o": "1", "f": "f0", "p": "x"}, "o")
    assert typed == [
        {"name": "o", "type": 4, "value": "1", "focused": True},
        {"name": "p", "type": 3, "value": "x"},
    ]


def test_subcommands_wrap_their_values() -> None:
    """The path to a subcommand is nested; a wrong step is named."""
    leaf = {"name": "show", "type": 1, "options": [option(3)]}
    command = {"name": "concepts", "options": [{"name": "of", "type": 2, "options": [leaf]}]}
    options, wrapped = optional.descend(command, ["of", "show"])
    assert [one["name"] for one in options] == ["o"]
    assert wrapped([{"v": 1}]) == [
        {"name": "of", "type": 2, "options": [{"name": "show", "type": 1, "options": [{"v": 1}]}]}
    ]
    with pytest.raises(ControlError, match="no subcommand 'hide'"):
        optional.descend(command, ["of", "hide"])


def label(kind: int, **more: Any) -> Json:
    """A labelled field with custom_id c."""
    field = {"type": kind, "custom_id": "c", "id": 2, **more}
    return {"type": 18, "id": 1, "label": "l", "component": field}


CHOICES = [{"label": one, "value": one} for one in "abc"]
DEFAULT = [{**CHOICES[0], "default": True}, CHOICES[1]]


@pytest.mark.parametrize(
    ("row", "values", "key", "given"),
    [
        (label(4), {"c": "text"}, "value", "text"),
        (label(4, value="before"), {}, "value", "before"),
        (label(4, required=False), {}, "value", ""),
        (label(3, options=CHOICES, max_values=2), {"c": ["a", "b"]}, "values", ["a", "b"]),
        (label(3, options=DEFAULT), {}, "values", ["a"]),
        (label(3, options=CHOICES, required=False), {}, "values", []),
        (label(21, options=CHOICES), {"c": ["b"]}, "value", "b"),
        (label(21, options=CHOICES), {"c": "b"}, "value", "b"),
        (label(22, options=CHOICES, max_values=3), {"c": ["a", "c"]}, "values", ["a", "c"]),
        (label(23), {}, "value", False),
        (label(23, default=True), {}, "value", True),
        (label(23), {"c": True}, "value", True),
    ],
)
def test_modal_fields(resolved: Resolved, row: Json, values: Json, key: str, given: Any) -> None:
    """What is left out stays as the field had it."""
    [sent] = forms.submitted([row], values, resolved)
    assert (sent["type"], sent["component"][key]) == (18, given)


@pytest.mark.parametrize(
    ("row", "values", "sentence"),
    [
        (label(4), {}, "takes 1 to 4000"),
        (label(4, min_length=3), {"c": "ab"}, "takes 3 to"),
        (label(4, max_length=3), {"c": "abcd"}, "takes 1 to 3"),
        (label(3, options=CHOICES), {"c": ["d"]}, "Choose among: a, b, c"),
        (label(3, options=CHOICES), {}, "takes 1 to 1"),
        (label(22, options=CHOICES, max_values=2), {"c": ["a", "a"]}, "each once"),
        (label(19), {}, "takes 1 to 1"),
        (label(19, max_values=2), {"c": ["f0", "f0", "f0"]}, "takes 1 to 2"),
        (label(4), {"d": "x"}, "no field 'd'"),
    ],
)
def test_bad_modal_fields(resolved: Resolved, row: Json, values: Json, sentence: str) -> None:
    """Each with a sentence that names the field or its limits."""
    with pytest.raises(ControlError, match=sentence):
        forms.submitted([row], values, resolved)


def test_selects_of_things_are_resolved(resolved: Resolved, playground: Playground) -> None:
    """User, role, mentionable and channel menus give ids."""
    people = {user.username: user.id for user in playground.world.users.values()}
    assert forms.chosen({"type": parts.USER_SELECT}, ["wren"], resolved) == [people["wren"]]
    gallery = channel_of(playground, "gallery")
    assert forms.chosen({"type": parts.CHANNEL_SELECT}, ["gallery"], resolved) == [gallery]
    [role] = forms.chosen({"type": parts.ROLE_SELECT}, ["moderator"], resolved)
    assert role in playground.guilds[0].roles


def test_old_modals_have_rows_of_text(resolved: Resolved) -> None:
    """Action rows of text inputs still work; text displays carry nothing."""
    field = {"type": 4, "custom_id": "c", "id": 2}
    rows = [{"type": 1, "id": 1, "components": [field]}, {"type": 10, "id": 3, "content": "x"}]
    sent = forms.submitted(rows, {"c": "text"}, resolved)
    assert sent[0]["components"][0]["value"] == "text"
    assert sent[1] == {"type": 10, "id": 3}


def test_components_are_numbered_and_filled_in() -> None:
    """Every component gets an id of its own, given ids stay, nulls go, defaults come."""
    rows = [
        {"type": 17, "id": 2, "components": [{"type": 10, "content": "t"}, {"type": 14}]},
        {"type": 1, "components": [{"type": 2, "style": 1, "label": None, "custom_id": "b"}]},
    ]
    kept = list(parts.walk(parts.numbered(rows)))
    ids = [one["id"] for one in kept]
    assert len(set(ids)) == len(ids)
    assert kept[0]["id"] == 2
    assert kept[0]["accent_color"] is None
    assert next(one for one in kept if one["type"] == 14)["divider"] is True
    assert "label" not in (parts.find(parts.numbered(rows), "b") or {"label"})
