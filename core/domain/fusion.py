"""What a fused version was made of; kept in place of a recipe."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.domain.concepts import Concept, ConceptVersion, class_noun
from core.errors import InvalidInput

RANK_MAX = 128
"""Of a fused adapter in one layer; the ranks of its concepts together where that is less."""


class FusedWord(BaseModel):
    """A concept inside a fused version: its word, and how much of it was kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    class_noun: str
    version_id: int
    number: int
    weight: float
    error: float
    """How far the fused adapter is from the concept's own, on what is read while that is drawn
    alone: a mean over layers, 0 for not at all, 1 for as if it were not there."""
    error_sum: float
    """The same for the plain sum."""


class Fusion(BaseModel):
    """A stack made one version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["fusion"] = "fusion"
    stack: str
    """The name under which the concepts were kept."""
    words: tuple[FusedWord, ...]
    rank: int
    """The largest of a layer."""
    seeds: tuple[int, ...] = Field(min_length=1)


def fusion_of(version: ConceptVersion | None) -> Fusion | None:
    """How a version was fused; None where it was taught or taken in."""
    if version is None or '"method":"fusion"' not in version.recipe:
        return None
    return Fusion.model_validate_json(version.recipe)


def words_in(concept: Concept) -> tuple[str, ...]:
    """Names of the concepts that its version in use carries, besides its own."""
    fusion = fusion_of(concept.latest)
    return () if fusion is None else tuple(word.name for word in fusion.words)


def noun_of(nouns: tuple[str, ...]) -> str:
    """What several things are in plain words: `temple and forest`, or `scene` for long lists."""
    try:
        return class_noun(" and ".join(nouns))
    except InvalidInput:
        return "scene"
