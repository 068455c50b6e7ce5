"""How a prompt names concepts: `<xyz>`, `<xyz:0.8>`, or the bare word xyz. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.domain.concepts import WEIGHT_MAX, WEIGHT_MIN, Concept, concept_name, token_of
from core.domain.requests import PROMPT_MAX, STACK_MAX
from core.errors import InvalidInput

NAME = r"[a-z][a-z0-9_-]{1,23}"
MENTION = re.compile(
    rf"<\s*(?P<token>{NAME})\s*(?::(?P<weight>[^<>]*))?>"
    rf"|(?<![\w<-])(?P<word>{NAME})(?![\w-])",
    re.IGNORECASE,
)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
DEFAULT_WEIGHT = 1.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """A prompt whose concepts are all written as tokens, and which they are, in order."""

    prompt: str
    chosen: tuple[tuple[Concept, float], ...]


def tidy(prompt: str, *, what: str = "prompt") -> str:
    """A prompt on one line, within bounds.

    Raises:
        InvalidInput: it is too long.
    """
    text = " ".join(prompt.split())
    if len(text) > PROMPT_MAX:
        raise InvalidInput(
            f"The {what} is {len(text)} characters long; shorten it to {PROMPT_MAX} or fewer."
        )
    return text


def tokens(prompt: str) -> tuple[str, ...]:
    """Names that are written as tokens and therefore must exist."""
    return _unique(match["token"] for match in MENTION.finditer(prompt) if match["token"])


def words(prompt: str) -> tuple[str, ...]:
    """Bare words that could be a concept's name."""
    return _unique(match["word"] for match in MENTION.finditer(prompt) if match["word"])


def resolve(
    prompt: str, wanted: Sequence[tuple[str, float]], known: Mapping[str, Concept]
) -> Resolved:
    """Write every concept of `known` as a token, put the merely wanted ones in front.

    `known` has each concept under the name or alias that was used; tokens are of names. A weight
    in the prompt wins over one in `wanted`. Every name in `wanted` and every token must be in
    `known`; bare words that are not stay words.

    Raises:
        InvalidInput: a weight is no number or out of range, nothing is left to draw, the prompt
            became too long, or there are too many concepts.
    """
    weights = {known[concept_name(name)].name: checked_weight(weight) for name, weight in wanted}
    by_name = {concept.name: concept for concept in known.values()}
    mentioned: list[str] = []

    def write(match: re.Match[str]) -> str:
        called = (match["token"] or match["word"]).lower()
        if called not in known:
            return match[0]
        name = known[called].name
        mentioned.append(name)
        if match["weight"] is not None:
            weights[name] = _weight(match["weight"])
        return token_of(name)

    written = MENTION.sub(write, prompt)
    in_front = [name for name in weights if name not in mentioned]
    lead = [f"{token_of(name)} {by_name[name].class_noun}" for name in in_front]
    names = dict.fromkeys((*in_front, *mentioned))
    return Resolved(
        prompt=_bounded(", ".join(filter(None, (*lead, written))), len(names)),
        chosen=tuple((by_name[name], weights.get(name, DEFAULT_WEIGHT)) for name in names),
    )


def unfold(prompt: str, stacks: Mapping[str, Sequence[tuple[Concept, float]]]) -> str:
    """The prompt with each `<stack>` turned into its concepts, `<stack:0.5>` at half their weights.

    Raises:
        InvalidInput: a weight is no number or out of range.
    """

    def write(match: re.Match[str]) -> str:
        members = stacks.get((match["token"] or "").lower())
        if members is None:
            return match[0]
        share = 1.0 if match["weight"] is None else _weight(match["weight"])
        return " and ".join(
            f"<{concept.name}:{checked_weight(weight * share):.4f}> {concept.class_noun}"
            for concept, weight in members
        )

    return MENTION.sub(write, prompt)


def _bounded(prompt: str, concepts: int) -> str:
    if not prompt:
        raise InvalidInput("Say what to draw: the prompt is empty.")
    if concepts > STACK_MAX:
        raise InvalidInput(f"{concepts} concepts are too many for one picture; use {STACK_MAX}.")
    return tidy(prompt)


def _weight(text: str) -> float:
    if not NUMBER.fullmatch(text.strip()):
        raise InvalidInput(_WEIGHT_HELP)
    return checked_weight(float(text))


def checked_weight(weight: float) -> float:
    """A concept's weight.

    Raises:
        InvalidInput: it is out of range.
    """
    if not WEIGHT_MIN <= weight <= WEIGHT_MAX:
        raise InvalidInput(_WEIGHT_HELP)
    return weight


_WEIGHT_HELP = (
    f"A concept's weight is a number from {WEIGHT_MIN:g} to {WEIGHT_MAX:g}, "
    "for example <xyz:0.8>; 1 is the usual."
)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.lower() for name in names))
