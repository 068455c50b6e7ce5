"""What may go wrong with a stack, in words, before any of the GPU's time is spent on it."""

from collections.abc import Sequence

from core.domain.concepts import ConceptKind, StackEntry, token_of
from core.domain.requests import ImagineRequest, Stacking

SUMMED_MOST = 2.0
"""Weights that are added up beyond this tend to burn: harsh colours, torn shapes."""
WEIGHT_MOST = 1.5
"""The same for one concept alone."""


def cautions(request: ImagineRequest) -> tuple[str, ...]:
    """Sentences that each say what may go wrong and what would mend it; mostly none."""
    found = (_other_weights(request.stack), _styles(request.stack), _heavy(request))
    return tuple(sentence for sentence in found if sentence)


def _other_weights(stack: Sequence[StackEntry]) -> str:
    """They were taught on model files that differ, so at most one of them fits what runs now."""
    taught_on = {entry.weights for entry in stack if entry.weights}
    if len(taught_on) < 2:
        return ""
    names = _names([entry for entry in stack if entry.weights])
    return f"{names} were taught on different weights of the model. Teach the older one again."


def _styles(stack: Sequence[StackEntry]) -> str:
    styles = [entry for entry in stack if entry.kind is ConceptKind.STYLE]
    if len(styles) < 2:
        return ""
    return f"{_names(styles)} are styles, and each changes the whole picture. Give one less weight."


def _heavy(request: ImagineRequest) -> str:
    weights = [entry.weight for entry in request.stack]
    if request.stacking is Stacking.SUM and len(weights) > 1 and sum(weights) > SUMMED_MOST:
        return (
            f"The weights add up to {sum(weights):g}, and pictures may burn. Stay below "
            f"{SUMMED_MOST:g} together, or keep the concepts apart."
        )
    heavy = [entry for entry in request.stack if entry.weight > WEIGHT_MOST]
    if not heavy:
        return ""
    return f"{_names(heavy)} may burn at more than {WEIGHT_MOST:g}. Try a weight of 1."


def _names(stack: Sequence[StackEntry]) -> str:
    *first, last = (token_of(entry.name) for entry in stack)
    return f"{', '.join(first)} and {last}" if first else last
