"""Heard words become concepts where that is what was meant, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.requests import Hotword
from core.services.hearing import understand


def hotwords(**concepts: str) -> tuple[Hotword, ...]:
    """`name=noun` as hotwords."""
    return tuple(
        Hotword(concept_id=number, name=name.replace("__", "-"), class_noun=noun.replace("_", " "))
        for number, (name, noun) in enumerate(concepts.items(), start=1)
    )


GUILD = hotwords(xyz="temple", kar="forest", lumo="dragon", robyn="girl")


@pytest.mark.parametrize(
    ("heard", "prompt"),
    [
        (
            "a photo of x y z temple in car forest",
            "a photo of <xyz> temple in <kar> forest",
        ),
        # by sound, before the class noun
        ("car forest", "<kar> forest"),
        ("carr forest", "<kar> forest"),
        ("core forest", "<kar> forest"),
        ("a misty car forest", "a misty <kar> forest"),
        ("three car forests", "three <kar> forests"),
        ("a loomo dragon on a hill", "a <lumo> dragon on a hill"),
        ("lumoh dragon", "<lumo> dragon"),
        ("lu mo dragon", "<lumo> dragon"),
        # spelled letter by letter, in every way that a recogniser writes it
        ("ex why zed temple", "<xyz> temple"),
        ("ex why zee temple", "<xyz> temple"),
        ("x y zed temple", "<xyz> temple"),
        ("xy z temple", "<xyz> temple"),
        ("x-y-z temple", "<xyz> temple"),
        ("X.Y.Z. temple", "<xyz> temple"),
        ("X, Y, Z, temple", "<xyz> temple"),
        ("XYZ temple", "<xyz> temple"),
        ("XYC temple", "<xyz> temple"),
        ("the x y z in the rain", "the <xyz> in the rain"),
        # the name itself, wherever it stands
        ("kar", "<kar>"),
        ("a photo of xyz, at night", "a photo of <xyz>, at night"),
        ("Kar's forest", "<kar>'s forest"),
        ("a lumo and a kar", "a <lumo> and a <kar>"),
        # a long name that sounds the same, without its noun
        ("robin in the snow", "<robyn> in the snow"),
        # case and punctuation around it stay
        ("Car Forest.", "<kar> Forest."),
        ("A photo, of Car forest!", "A photo, of <kar> forest!"),
        ("In car forest: the xyz temple?", "In <kar> forest: the <xyz> temple?"),
        # the class noun comes again
        ("car forest in a forest", "<kar> forest in a forest"),
        ("a forest, and car forest", "a forest, and <kar> forest"),
        ("car forest and car forest", "<kar> forest and <kar> forest"),
    ],
)
def test_what_was_meant_is_found(heard: str, prompt: str) -> None:
    """A name that was said becomes its token; everything else stays as it was."""
    assert understand(heard, GUILD).prompt == prompt


@pytest.mark.parametrize(
    "heard",
    [
        "a red car in a forest",
        "a car in the forest",
        "a red car next to a forest",
        "the car, forest and sky",
        "a forest car",
        "car on the road",
        "a grey forest",
        "a dark forest with a far temple",
        "a far forest",
        "a temple in a forest",
        "see you at the temple",
        "why is the dragon here",
        "a robin in a tree",
        "the little robin sings",
        "a mole by the dragon",
        "abc temple in bor castle",
        "",
        "   ",
        "...",
    ],
)
def test_an_ordinary_prompt_stays(heard: str) -> None:
    """Words that only look like a name are left alone."""
    understood = understand(heard, GUILD)
    assert understood.prompt == heard
    assert understood.changes == ()


def test_changes_say_what_was_heard() -> None:
    """Each change names the heard words and the token that replaced them."""
    changes = understand("X.Y.Z. temple in Car forest", GUILD).changes
    assert [(change.heard, change.token) for change in changes] == [
        ("X.Y.Z.", "<xyz>"),
        ("Car", "<kar>"),
    ]


def test_without_concepts_nothing_changes() -> None:
    """A guild that has taught nothing gets its words back."""
    assert understand("x y z temple in car forest", ()).prompt == "x y z temple in car forest"


@pytest.mark.parametrize("colour", ["red", "blue", "gold", "dark", "old"])
def test_common_adjectives_are_never_taken_by_likeness(colour: str) -> None:
    """A concept called nearly like a colour does not swallow the colour."""
    near = colour[:-1] + ("y" if colour[-1] != "y" else "i")
    assert understand(f"a {colour} forest", hotwords(**{near: "forest"})).changes == ()


def test_the_noun_decides_between_names_that_sound_alike() -> None:
    """Of two names with one sound, the one whose class follows is meant."""
    guild = hotwords(kar="forest", carr="castle")
    assert understand("khar castle and khar forest", guild).prompt == (
        "<carr> castle and <kar> forest"
    )


def test_two_equally_likely_concepts_are_not_guessed_between() -> None:
    """Where nothing tells two concepts apart, the words stay as heard."""
    guild = hotwords(lima="dragon", lyma="dragon")
    assert understand("leema dragon", guild).changes == ()


def test_the_exact_name_wins_over_one_that_sounds_like_it() -> None:
    """A name that was heard as written is not taken for its neighbour."""
    guild = hotwords(kar="forest", carr="forest")
    assert understand("carr forest", guild).prompt == "<carr> forest"


def test_a_class_of_two_words_must_follow_whole() -> None:
    """A class noun of several words is recognised as such."""
    guild = hotwords(kar="tea_pot")
    assert understand("a car tea pot", guild).prompt == "a <kar> tea pot"
    assert understand("a car tea", guild).changes == ()


def test_a_name_of_several_parts_is_heard_as_words() -> None:
    """`red-fox` is said as two words."""
    assert understand("a red fox pub", hotwords(red__fox="pub")).prompt == "a <red-fox> pub"


def test_tokens_that_are_there_already_stay() -> None:
    """Nothing is replaced inside angle brackets."""
    assert understand("<kar> forest", GUILD).prompt == "<kar> forest"


HEARD = "a the red car kar x y z ex why zed temple forest in lumo loomo dragon , . and <kar>"
WORDS = st.sampled_from(HEARD.split())


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_only_the_changed_places_change(heard: str) -> None:
    """Putting the heard words back in place of the tokens gives what was heard."""
    understood = understand(heard, GUILD)
    restored, at = "", 0
    for change in understood.changes:
        # A token that was there before is not one of the changes: step over those.
        place = understood.prompt.index(change.token, at)
        while not heard.startswith(restored + understood.prompt[at:place] + change.heard):
            place = understood.prompt.index(change.token, place + 1)
        restored += understood.prompt[at:place] + change.heard
        at = place + len(change.token)
    assert restored + understood.prompt[at:] == heard


@given(st.text(max_size=60))
def test_any_text_can_be_heard(heard: str) -> None:
    """No text makes it fail, and only known tokens come in."""
    known = {f"<{hotword.name}>" for hotword in GUILD}
    assert {change.token for change in understand(heard, GUILD).changes} <= known
