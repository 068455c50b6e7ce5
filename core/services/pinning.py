"""A concept as a stack entry: at one version of it, so that a job replays the same later."""

from core.domain.concepts import Concept, ConceptVersion, StackEntry
from core.errors import Conflict


def pinned(
    concept: Concept, weight: float = 1.0, *, version: ConceptVersion | None = None
) -> StackEntry:
    """A concept at the version that it has now, or at a given one of its own.

    Raises:
        Conflict: it has none yet.
    """
    version = version or version_in_use(concept)
    return StackEntry(
        concept_id=concept.id,
        version_id=version.id,
        name=concept.name,
        class_noun=concept.class_noun,
        kind=concept.kind,
        artifact=version.artifact,
        weight=weight,
        number=version.number,
        weights=version.weights,
    )


def version_in_use(concept: Concept) -> ConceptVersion:
    """The version that prompts use now.

    Raises:
        Conflict: there is none yet.
    """
    if concept.latest is None:
        raise Conflict(f"{concept.token} has no trained version yet. Train it with /train.")
    return concept.latest
