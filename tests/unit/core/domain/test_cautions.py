"""What may go wrong with a stack, in words."""

import base64

import pytest

from core.domain.cautions import Known, cautions, hindrance
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.overlap import SIDE
from core.domain.parts import Parts

SUBJECT, STYLE = ConceptKind.SUBJECT, ConceptKind.STYLE
SKETCH = base64.b64encode(bytes([1, 2, 3, 4] * (SIDE * SIDE // 4))).decode()
AGAINST = base64.b64encode(bytes([255, 254, 253, 252] * (SIDE * SIDE // 4))).decode()
FAR = base64.b64encode(bytes([4, 3, 254, 255] * (SIDE * SIDE // 4))).decode()


def entry(
    name: str,
    *,
    weight: float = 1.0,
    kind: ConceptKind = SUBJECT,
    weights: str = "",
    version: int = 1,
) -> StackEntry:
    return StackEntry(
        concept_id=1, version_id=version, name=name, class_noun="cat", kind=kind, artifact=name,
        weight=weight, weights=weights,
    )  # fmt: skip


def told(*stack: StackEntry, stacking: Stacking = Stacking.APART, family: str = "pocket") -> str:
    return " ".join(cautions(stack, stacking=stacking, family=family))


@pytest.mark.parametrize("stacking", Stacking)
def test_ordinary_stacks_need_no_word(stacking: Stacking) -> None:
    """Nothing is said of two subjects, or of a subject in a style."""
    assert told() == ""
    assert told(entry("xyz"), entry("kar"), stacking=stacking) == ""
    assert told(entry("xyz"), entry("ink", kind=STYLE), stacking=stacking) == ""


def test_weights_that_add_up() -> None:
    """Three at full weight are too much where they are added up, and not where they keep apart."""
    three = (entry("a"), entry("b"), entry("c"))
    assert "add up to 3" in told(*three, stacking=Stacking.SUM)
    assert told(*three) == ""


def test_what_adds_up_to_too_much_depends_on_the_family() -> None:
    """Two at full weight are fine for some models; what is taken away does not count."""
    two = (entry("a"), entry("b"))
    assert "beyond 1.6" in told(*two, stacking=Stacking.SUM, family="sd1")
    assert told(*two, stacking=Stacking.SUM, family="sdxl") == ""
    assert "beyond 1.6" in told(*two, stacking=Stacking.SUM, family="")
    less = (entry("a", weight=1.4), entry("b", weight=-0.5))
    assert told(*less, stacking=Stacking.SUM, family="sd1") == ""


def test_one_heavy_concept_is_named() -> None:
    """Its name, and what to try."""
    assert "<b> may burn at 1.5 and more. Try" in told(entry("a"), entry("b", weight=1.8))


def test_two_styles_at_full_weight_are_named() -> None:
    """Each changes the whole picture; one at less weight is what the sentence asks for."""
    ink, oil = entry("ink", kind=STYLE), entry("oil", kind=STYLE)
    assert told(ink, oil, entry("cat")).startswith("<ink> and <oil> are styles")
    assert told(ink, entry("oil", kind=STYLE, weight=0.5)) == ""


def test_other_weights_of_the_model_are_told() -> None:
    """Only where both are known and differ."""
    assert "Teach the older one again" in told(entry("a", weights="1"), entry("b", weights="2"))
    assert told(entry("a", weights="1"), entry("b", weights="1"), entry("c")) == ""


def overlapping(one: str, other: str, stacking: Stacking, *, weight: float = 1.0) -> str:
    stack = (entry("a", version=1), entry("b", version=2, weight=weight))
    known = {1: Known(sketch=one), 2: Known(sketch=other)}
    return " ".join(cautions(stack, stacking=stacking, known=known, family="sdxl"))


def test_other_weights_than_those_that_run_are_told_of_one_alone() -> None:
    """Those it concerns are named; nothing is said where either side is not known."""
    stack = (entry("a", weights="1"), entry("b", weights="2"), entry("c"))
    (sentence,) = cautions(stack, weights="2")
    assert sentence.startswith("<a> was taught on other weights of the model than those that run")
    assert cautions(stack[:1], weights="2") == (sentence,)
    assert cautions(stack[1:], weights="2") == cautions(stack[:1]) == ()


def test_pairs_that_change_the_same_weights_are_named() -> None:
    """Which two, how far, what may come of it, and what helps that way of stacking."""
    added = overlapping(SKETCH, SKETCH, Stacking.SUM)
    assert added.startswith("<a> and <b> change much the same weights (100%) and may blend or burn")
    assert "Keep them apart" in added
    apart = overlapping(SKETCH, SKETCH, Stacking.APART)
    assert "Say where each belongs" in apart
    assert "apart" not in apart


def test_changes_against_each_other_are_told_as_such() -> None:
    """By their direction or by a weight below zero; two of those are the same direction again."""
    assert "take from each other" in overlapping(SKETCH, AGAINST, Stacking.SUM)
    assert "take from each other" in overlapping(SKETCH, SKETCH, Stacking.SUM, weight=-0.5)
    assert "blend" in overlapping(SKETCH, AGAINST, Stacking.SUM, weight=-0.5)


def test_little_overlap_needs_no_word() -> None:
    """Concepts that were taught apart from each other, and those without a sketch."""
    assert overlapping(SKETCH, FAR, Stacking.SUM) == ""
    assert overlapping(SKETCH, "", Stacking.SUM) == ""


def stopped(*families: str, running: str = "") -> str:
    stack = [entry(name, version=n) for n, name in enumerate("abc"[: len(families)])]
    known = {number: Known(family=family) for number, family in enumerate(families)}
    return hindrance(stack, known, running)


def test_another_family_than_the_one_that_runs_cannot_work() -> None:
    """Who, what runs, and the two ways out."""
    assert stopped("sd1", "sdxl", running="sdxl") == (
        "<a> was taught on a model of the family sd1, and one of the family sdxl runs now. "
        "Teach it again with /train, or leave it out."
    )
    assert "<a> and <b> were taught" in stopped("sd1", "sd1", running="sdxl")
    assert stopped("sd1", "", running="sd1") == ""
    assert stopped("sd1") == ""


def test_two_families_never_go_into_one_picture() -> None:
    """Whatever runs, where that is not known."""
    assert stopped("sd1", "sdxl").startswith("<a> (sd1) and <b> (sdxl) were taught")
    assert stopped("sd1", "", "sd1") == ""


def test_a_subject_without_its_noun_is_told() -> None:
    """As a token alone; a style needs none, and without a prompt there is nothing to say."""
    cat, ink = entry("cat"), entry("ink", kind=STYLE)
    assert cautions((cat, ink), prompt="a <cat> in <ink> style", family="pocket") == ()
    (sentence,) = cautions((entry("xyz"), ink), prompt="a <xyz> in <ink> style", family="pocket")
    assert sentence.endswith("say <xyz> cat.")
    assert cautions((entry("xyz"),), prompt="two Cats like <xyz>", family="pocket") == ()
    assert cautions((entry("xyz"),), family="pocket") == ()


@pytest.mark.parametrize(
    ("stacking", "instead"),
    [(Stacking.APART, "being kept apart"), (Stacking.SWITCH, "taking turns")],
)
def test_what_the_engine_cannot_keep_apart_is_told(stacking: Stacking, instead: str) -> None:
    """One that is more than an adapter has all of them added up; what was asked for as a sum is."""
    stack = (entry("a", version=1), entry("b", version=2))
    known = {1: Known(parts=Parts.MORE), 2: Known(parts=Parts.ADAPTER)}
    (sentence,) = cautions(stack, stacking=stacking, known=known)
    assert sentence.startswith("<a> changes more of the model")
    assert f"added up instead of {instead}. Leave it out, or teach it again" in sentence
    assert cautions(stack, stacking=Stacking.SUM, known=known, family="sdxl") == ()
    assert cautions(stack, stacking=None, known=known, family="sdxl") == ()
    assert cautions(stack[:1], stacking=stacking, known=known, family="sdxl") == ()
    assert cautions(stack, stacking=stacking, known={2: Known(parts=Parts.WORD)}) == ()


def test_where_something_is_built_on_a_stack_no_place_is_proposed() -> None:
    """Teaching and fusing draw nothing for which a place could be said."""
    stack = (entry("a", version=1), entry("b", version=2))
    known = {number: Known(sketch=SKETCH) for number in (1, 2)}
    (sentence,) = cautions(stack, stacking=None, known=known)
    assert sentence.endswith("Give one less weight, or leave it out.")
