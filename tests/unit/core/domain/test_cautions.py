"""What may go wrong with a stack, in words."""

import pytest

from core.domain.cautions import cautions
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.requests import ImagineRequest, Stacking

SUBJECT, STYLE = ConceptKind.SUBJECT, ConceptKind.STYLE


def entry(
    name: str, *, weight: float = 1.0, kind: ConceptKind = SUBJECT, weights: str = ""
) -> StackEntry:
    return StackEntry(
        concept_id=1, version_id=1, name=name, class_noun="cat", kind=kind, artifact=name,
        weight=weight, weights=weights,
    )  # fmt: skip


def told(*stack: StackEntry, stacking: Stacking = Stacking.APART) -> str:
    request = ImagineRequest(prompt="a cat", seeds=(1,), stack=stack, stacking=stacking)
    return " ".join(cautions(request))


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


def test_one_heavy_concept_is_named() -> None:
    """Its name, and what to try."""
    assert "<b> may burn at more than 1.5. Try" in told(entry("a"), entry("b", weight=1.8))


def test_two_styles_are_named() -> None:
    """Each changes the whole picture."""
    sentence = told(entry("ink", kind=STYLE), entry("oil", kind=STYLE), entry("cat"))
    assert sentence.startswith("<ink> and <oil> are styles")


def test_other_weights_of_the_model_are_told() -> None:
    """Only where both are known and differ."""
    assert "Teach the older one again" in told(entry("a", weights="1"), entry("b", weights="2"))
    assert told(entry("a", weights="1"), entry("b", weights="1"), entry("c")) == ""
