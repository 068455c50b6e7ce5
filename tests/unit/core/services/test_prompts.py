"""How a prompt names concepts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.concepts import Concept, ConceptKind, tokens_in
from core.domain.requests import PROMPT_MAX, STACK_MAX
from core.errors import InvalidInput
from core.services import prompts


def concept(name: str, noun: str = "temple") -> Concept:
    return Concept(
        id=sum(map(ord, name)),
        guild_id=1,
        owner_id=1,
        name=name,
        class_noun=noun,
        kind=ConceptKind.SUBJECT,
        created_at=datetime.now(UTC),
    )


KNOWN = {name: concept(name, noun) for name, noun in (("xyz", "temple"), ("kar", "forest"))}


def resolve(prompt: str, *wanted: tuple[str, float]) -> tuple[str, dict[str, float]]:
    resolved = prompts.resolve(prompt, wanted, KNOWN)
    return resolved.prompt, {found.name: weight for found, weight in resolved.chosen}


@pytest.mark.parametrize(
    ("prompt", "written", "weights"),
    [
        ("a <xyz> temple", "a <xyz> temple", {"xyz": 1}),
        ("a <XYZ:0.8> temple", "a <xyz> temple", {"xyz": 0.8}),
        ("a < xyz : .5 > temple", "a <xyz> temple", {"xyz": 0.5}),
        ("a <xyz:-1> temple", "a <xyz> temple", {"xyz": -1}),
        ("a xyz temple in Kar forest.", "a <xyz> temple in <kar> forest.", {"xyz": 1, "kar": 1}),
        ("xyz, kar", "<xyz>, <kar>", {"xyz": 1, "kar": 1}),
        ("xyz and <xyz:0.5>", "<xyz> and <xyz>", {"xyz": 0.5}),
        ("karma, a-kar and kar-like", "karma, a-kar and kar-like", {}),
        ("a car in a forest", "a car in a forest", {}),
        ("I <3 temples", "I <3 temples", {}),
    ],
)
def test_concepts_are_found_and_written_as_tokens(
    prompt: str, written: str, weights: dict[str, float]
) -> None:
    """Tokens and bare names are concepts; parts of other words are not."""
    assert resolve(prompt) == (written, weights)


def test_concepts_that_are_only_wanted_go_in_front() -> None:
    """What is chosen as an option and not mentioned is put before the prompt with its noun."""
    assert resolve("in the rain", ("xyz", 0.7), ("kar", 1.0)) == (
        "<xyz> temple, <kar> forest, in the rain",
        {"xyz": 0.7, "kar": 1.0},
    )


def test_wanted_and_mentioned_is_mentioned_once() -> None:
    """An option gives a mentioned concept its weight, and the prompt's own weight wins."""
    assert resolve("kar at night", ("kar", 0.3)) == ("<kar> at night", {"kar": 0.3})
    assert resolve("<kar:0.9> at night", ("kar", 0.3)) == ("<kar> at night", {"kar": 0.9})


def test_concepts_alone_are_a_prompt() -> None:
    """No words are needed where a concept is chosen."""
    assert resolve("", ("xyz", 1.0)) == ("<xyz> temple", {"xyz": 1.0})


@pytest.mark.parametrize("weight", ["2.1", "-3", "much", "", "nan", "inf", "1e9", "0x1"])
def test_a_weight_out_of_range_is_refused(weight: str) -> None:
    """A weight is a number from -2 to 2, and the refusal says so."""
    with pytest.raises(InvalidInput, match="from -2 to 2"):
        resolve(f"<xyz:{weight}>")


def test_a_wanted_weight_out_of_range_is_refused() -> None:
    """The same bounds hold for weights that come as an option."""
    with pytest.raises(InvalidInput, match="from -2 to 2"):
        resolve("x", ("xyz", float("nan")))


def test_nothing_to_draw_is_refused() -> None:
    """An empty prompt says what is missing."""
    with pytest.raises(InvalidInput, match="empty"):
        resolve("")


def test_too_many_concepts_are_refused() -> None:
    """There is a most that one picture can hold."""
    many = {f"c{number}": concept(f"c{number}") for number in range(STACK_MAX + 1)}
    with pytest.raises(InvalidInput, match="too many"):
        prompts.resolve(" ".join(many), (), many)


def test_a_prompt_that_grows_too_long_is_refused() -> None:
    """Tokens and names in front count too."""
    with pytest.raises(InvalidInput, match="shorten"):
        resolve("a" * PROMPT_MAX, ("xyz", 1.0))


def test_a_prompt_is_put_on_one_line() -> None:
    """Line breaks and runs of blanks become one blank."""
    assert prompts.tidy("  a\n temple \t in rain ") == "a temple in rain"


@pytest.mark.parametrize(("length", "fits"), [(PROMPT_MAX, True), (PROMPT_MAX + 1, False)])
def test_the_longest_prompt_fits(length: int, fits: bool) -> None:
    """The bound is exact, and the refusal names the prompt that is too long."""
    if fits:
        assert prompts.tidy("a" * length) == "a" * length
        return
    with pytest.raises(InvalidInput, match=f"negative prompt is {length} characters"):
        prompts.tidy("a" * length, what="negative prompt")


def test_tokens_and_words_are_told_apart() -> None:
    """Tokens must exist, words may."""
    assert prompts.tokens("<xyz> by <Kar:1>") == ("xyz", "kar")
    assert prompts.words("<xyz> by Kar") == ("by", "kar")


PARTS = st.sampled_from(["xyz", "<kar>", "<xyz:0.5>", "a", "temple,", "in", "Kar.", "<", ">", ":1"])


@given(st.lists(PARTS, min_size=1, max_size=10).map(" ".join))
def test_a_written_prompt_is_stable(prompt: str) -> None:
    """Resolving what was resolved changes nothing, and its tokens are what was chosen."""
    resolved = prompts.resolve(prompt, (), KNOWN)
    again = prompts.resolve(resolved.prompt, (), KNOWN)
    assert again.prompt == resolved.prompt
    assert tokens_in(resolved.prompt) == tuple(found.name for found, _ in resolved.chosen)


@given(st.text(max_size=80))
def test_any_text_is_a_prompt_or_refused(prompt: str) -> None:
    """Whatever is typed gives a prompt or a sentence."""
    try:
        said = prompts.resolve(prompts.tidy(prompt), (), KNOWN).prompt
    except InvalidInput as refusal:
        said = str(refusal)
    assert said
