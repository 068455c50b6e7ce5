"""What may go wrong with a stack, in words, before any of the GPU's time is spent on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from core.domain.concepts import ConceptKind, StackEntry, token_of
from core.domain.drawing import Stacking
from core.domain.overlap import overlap
from core.domain.parts import Parts

SUMMED_MOST: Mapping[str, float] = {"pocket": 2.0, "sd1": 1.6, "sd2": 1.6, "sdxl": 2.0}
"""Family → weights that are added up beyond this tend to burn: harsh colours, torn shapes. For
the pocket model from pictures (docs/decisions/0010-cautions.md), for the others usual advice."""
SUMMED_MOST_ELSE = 1.6
WEIGHT_MOST = 1.5
"""From here on one concept alone does the same."""
STYLE_FULL = 0.75
"""From this weight on a style is meant to be seen everywhere."""
OVERLAP_MOST = 0.25
"""Concepts that were taught by themselves have less than 0.1, the sketch's error included."""
INSTEAD: Mapping[Stacking | None, str] = {
    Stacking.APART: "being kept apart",
    Stacking.SWITCH: "taking turns",
}
MENDS: Mapping[Stacking | None, str] = {
    Stacking.APART: "Say where each belongs, such as “on the left”, or give one less weight.",
    None: "Give one less weight, or leave it out.",
}
_NOWHERE: Mapping[int, "Known"] = {}


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record of a concept version besides its stack entry."""

    family: str = ""
    """Of base models; empty where it was not noted."""
    sketch: str = ""
    """What it changes in the weights, for `overlap`; empty where there is none."""
    parts: Parts = Parts.ADAPTER


def cautions(
    stack: Sequence[StackEntry],
    *,
    stacking: Stacking | None = Stacking.APART,
    prompt: str = "",
    known: Mapping[int, Known] = _NOWHERE,
    family: str = "",
    weights: str = "",
) -> tuple[str, ...]:
    """Sentences that each say what may go wrong and what would mend it; mostly none.

    Without a prompt nothing is said about words; without a way of `stacking` nothing is drawn with
    it, but something is built on it. `known` is by version id; `family` and `weights` are those of
    the model that runs now, where that is known.
    """
    found = (
        _other_weights(stack, weights),
        _styles(stack),
        _added_up(stack, stacking, known),
        _heavy(stack, stacking, family),
        *_overlaps(stack, stacking, known),
        _without_noun(stack, prompt),
    )
    return tuple(sentence for sentence in found if sentence)


def hindrance(stack: Sequence[StackEntry], known: Mapping[int, Known], family: str) -> str:
    """Why a stack cannot work at all and what would mend that; empty where it can."""
    families = {entry.name: known.get(entry.version_id, Known()).family for entry in stack}
    misfits = [name for name, own in families.items() if own and family and own != family]
    if misfits:
        kinds = " and ".join(sorted({families[name] for name in misfits}))
        return (
            f"{_names(misfits)} {_were(misfits)} taught on a model of the family {kinds}, and one "
            f"of the family {family} runs now. Teach {_them(misfits)} again with /train, or leave "
            f"{_them(misfits)} out."
        )
    if len({own for own in families.values() if own}) > 1:
        told = _listed([f"{token_of(name)} ({own})" for name, own in families.items() if own])
        return (
            f"{told} were taught on models of different families, which do not go into one "
            "picture. Teach them on the same model, or use one of them."
        )
    return ""


def _other_weights(stack: Sequence[StackEntry], running: str) -> str:
    """They were taught on other model files than run now, or, where those are not known, on files
    that differ, so that at most one of them fits.
    """
    noted = [entry for entry in stack if entry.weights]
    others = [entry.name for entry in noted if running and entry.weights != running]
    if others:
        return (
            f"{_names(others)} {_were(others)} taught on other weights of the model than those "
            f"that run now, and may look different. Teach {_them(others)} again with /train."
        )
    if len({entry.weights for entry in noted}) < 2:
        return ""
    names = _names([entry.name for entry in noted])
    return f"{names} were taught on different weights of the model. Teach the older one again."


def _styles(stack: Sequence[StackEntry]) -> str:
    full = [e.name for e in stack if e.kind is ConceptKind.STYLE and e.weight >= STYLE_FULL]
    if len(full) < 2:
        return ""
    return f"{_names(full)} are styles, and each changes the whole picture. Give one less weight."


def _added_up(
    stack: Sequence[StackEntry], stacking: Stacking | None, known: Mapping[int, Known]
) -> str:
    """One that is more than an adapter has the whole stack drawn by diffusers' own pipeline."""
    if stacking not in INSTEAD or len(stack) < 2:
        return ""
    more = [e.name for e in stack if known.get(e.version_id, Known()).parts is Parts.MORE]
    if not more:
        return ""
    change, them = "changes" if len(more) == 1 else "change", _them(more)
    return (
        f"{_names(more)} {change} more of the model than an adapter does, so here all concepts are "
        f"added up instead of {INSTEAD[stacking]}. Leave {them} out, or teach {them} again with "
        "the method dreambooth-lora."
    )


def _heavy(stack: Sequence[StackEntry], stacking: Stacking | None, family: str) -> str:
    """Adapters are added to the same weights, so what they were taught at 1 is overdone."""
    weights = [entry.weight for entry in stack if entry.weight > 0]
    most = SUMMED_MOST.get(family, SUMMED_MOST_ELSE)
    if stacking is Stacking.SUM and len(weights) > 1 and sum(weights) > most:
        return (
            f"The weights add up to {sum(weights):g}. All of them change the same layers, so "
            f"beyond {most:g} pictures tend to burn here: harsh colours, torn shapes. "
            "Stay below that together, or keep the concepts apart."
        )
    heavy = [entry.name for entry in stack if entry.weight >= WEIGHT_MOST]
    if not heavy:
        return ""
    return f"{_names(heavy)} may burn at {WEIGHT_MOST:g} and more. Try a weight of 1."


def _overlaps(
    stack: Sequence[StackEntry], stacking: Stacking | None, known: Mapping[int, Known]
) -> list[str]:
    """Pairs that pull at the same weights, the same way or against each other."""
    told = []
    for one, other in combinations(stack, 2):
        a, b = (known.get(entry.version_id, Known()).sketch for entry in (one, other))
        alike = overlap(a, b) if a and b else 0.0
        if abs(alike) >= OVERLAP_MOST:
            told.append(_overlapping(one, other, alike, stacking))
    return told


def _overlapping(
    one: StackEntry, other: StackEntry, alike: float, stacking: Stacking | None
) -> str:
    names = _names([one.name, other.name])
    together = alike * one.weight * other.weight > 0
    what = "blend or burn" if together else "take from each other"
    mend = MENDS.get(stacking, "Keep them apart, say where each belongs, or give one less weight.")
    return f"{names} change much the same weights ({abs(alike):.0%}) and may {what}. {mend}"


def _without_noun(stack: Sequence[StackEntry], prompt: str) -> str:
    """Subjects are taught as "<name> noun": the name alone may not be known again."""
    said = prompt.lower()
    bare = [
        entry
        for entry in stack
        if entry.kind is ConceptKind.SUBJECT and said and entry.class_noun.lower() not in said
    ]
    if not bare:
        return ""
    names, whole = (
        _names([e.name for e in bare]),
        _listed([e.phrase for e in bare]),
    )
    return f"{names} may not be known again without the word that was taught with it: say {whole}."


def _names(names: Sequence[str]) -> str:
    return _listed([token_of(name) for name in names])


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _were(names: Sequence[str]) -> str:
    return "were" if len(names) > 1 else "was"


def _them(names: Sequence[str]) -> str:
    return "them" if len(names) > 1 else "it"
