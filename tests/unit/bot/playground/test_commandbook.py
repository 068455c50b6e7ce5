"""Application commands: their rules, their ids, and who sees them."""

from typing import Any

import pytest

from bot.playground.clock import Clock
from bot.playground.commandbook import CommandBook, command_rules
from bot.playground.config import Application
from bot.playground.problems import ApiError, InvalidFormError
from bot.playground.server import Playground
from bot.playground.snowflakes import Snowflakes
from bot.playground.world import World
from tests.unit.bot.playground.test_messages import Rest, channel_of

Json = dict[str, Any]


def slash(name: str = "draw", **more: Any) -> Json:
    """A slash command."""
    return {"name": name, "description": "d", **more}


def option(name: str, kind: int = 3, **more: Any) -> Json:
    """An option."""
    return {"name": name, "description": "d", "type": kind, **more}


@pytest.fixture
def book() -> CommandBook:
    """An empty book."""
    return CommandBook(World(), Application("1", "Atelier", "1", "2"), Snowflakes(Clock()))


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (slash("Draw"), "lower-case"),
        (slash("draw it"), "lower-case"),
        (slash(description=""), "between 1 and 100"),
        (slash(options=[option("A")]), "lower-case"),
        (slash(options=[option("a"), option("a")]), "must be unique: a"),
        (slash(options=[option("a"), option("b", required=True)]), "before non-required"),
        (slash(options=[option("a", 1), option("b")]), "cannot be mixed"),
        (slash(options=[option("a", 2, options=[option("b", 2)])]), "stands at the top"),
        (
            slash(options=[option("a", autocomplete=True, choices=[{"name": "x", "value": "x"}])]),
            "not both",
        ),
        (slash(options=[option("a", choices=[{"name": "x", "value": "1"}] * 2)]), "unique: x"),
        (slash(options=[option("a", 4, min_value=2, max_value=1)]), "above max_value"),
        (slash(options=[option("a", min_length=2, max_length=1)]), "above max_length"),
        (slash(options=[option(f"o{n}", description="d" * 400) for n in range(25)]), "8000"),
        ({"name": "Do it", "type": 3, "description": "d"}, "no description"),
        ({"name": "Do it", "type": 2, "options": [option("a")]}, "no options"),
    ],
)
def test_each_rule_is_kept(command: Json, complaint: str) -> None:
    """A command that breaks one rule is told which."""
    assert complaint in " | ".join(what for _, what in command_rules(command))


def test_good_commands_pass() -> None:
    """Names of other scripts, subcommands in groups, and menu names with capitals are fine."""
    tree = [option("g", 2, options=[option("s", 1, options=[option("a", required=True)])])]
    for command in (slash("malen-größe_1"), slash(options=tree), {"name": "Do It", "type": 3}):
        assert list(command_rules(command)) == []


def test_there_is_a_number_of_commands_and_names_are_unique(book: CommandBook) -> None:
    """100 slash commands, 15 of each menu, no name twice within a type."""
    book.replace_all(None, [slash("same"), {"name": "same", "type": 3}])
    for commands in (
        [slash(f"c{n}") for n in range(101)],
        [{"name": f"M{n}", "type": 3} for n in range(16)],
        [slash("same"), slash("same")],
    ):
        with pytest.raises(InvalidFormError):
            book.replace_all(None, commands)
    assert len(book.listed(None)) == 2


def test_a_command_keeps_its_id(book: CommandBook) -> None:
    """Setting the commands again keeps ids by name and type, and forgets the rest."""
    first, second = book.replace_all(None, [slash("a"), slash("b")])
    [again] = book.replace_all(None, [slash("b", description="new")])
    assert again["id"] == second["id"]
    assert again["version"] != second["version"]
    with pytest.raises(ApiError):
        book.get(None, first["id"])


@pytest.fixture
def rest(playground: Playground, api: Any) -> Rest:
    """The bot's REST calls."""
    return Rest(playground, api)


async def test_commands_over_rest(rest: Rest) -> None:
    """Global and guild commands are set, changed, read and deleted one by one too."""
    mine = f"/applications/{rest.playground.application.id}"
    for path in (f"{mine}/commands", f"{mine}/guilds/{rest.playground.guilds[0].id}/commands"):
        status, made = await rest.call("POST", path, slash())
        assert (status, made["name"]) == (201, "draw")
        assert (await rest.call("POST", path, slash(description="other")))[0] == 200
        one = f"{path}/{made['id']}"
        status, changed = await rest.call("PATCH", one, {"description": "changed"})
        assert (status, changed.get("description")) == (200, "changed"), changed
        assert (await rest.call("GET", one))[1]["description"] == "changed"
        assert [each["id"] for each in (await rest.call("GET", path))[1]] == [made["id"]]
        assert (await rest.call("DELETE", one))[0] == 204
        assert (await rest.call("GET", one))[1]["code"] == 10063
    assert rest.playground.ledger.violations() == []
    assert (await rest.call("GET", "/applications/1/commands"))[1]["code"] == 10002
    assert (await rest.call("PUT", f"{mine}/commands", [slash("Bad")]))[1]["code"] == 50035
    assert [one["kind"] for one in rest.playground.ledger.violations()] == ["limit"]


@pytest.mark.parametrize(
    ("command", "owl", "hare", "direct"),
    [
        (slash(), True, True, True),
        (slash(default_member_permissions=str(1 << 13)), True, False, True),
        (slash(default_member_permissions="0"), True, False, True),
        (slash(dm_permission=False), True, True, False),
        (slash(contexts=[1]), False, False, True),
        (slash(contexts=[0]), True, True, False),
    ],
)
async def test_who_sees_a_command(
    playground: Playground, command: Json, owl: bool, hare: bool, direct: bool
) -> None:
    """Permissions count in guilds, contexts everywhere."""
    book = CommandBook(playground.world, playground.application, Snowflakes(Clock()))
    book.replace_all(None, [command])
    people = {user.username: user.id for user in playground.world.users.values()}
    general = playground.world.channel(channel_of(playground, "general"))
    private = playground.world.open_direct(people["hare"], "5")
    assert general is not None
    assert bool(book.visible(people["owl"], general)) == owl
    assert bool(book.visible(people["hare"], general)) == hare
    assert bool(book.visible(people["hare"], private)) == direct
