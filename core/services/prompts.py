"""How a prompt names concepts: `<xyz>`, `<xyz:0.8>`, or the bare word xyz. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.domain.concepts import WEIGHT_MAX, WEIGHT_MIN, Concept, concept_name, token_of
from core.domain.fusion import words_in
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
    notes: tuple[str, ...] = ()
    """Sentences on what was said in two ways."""


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


def carried(
    prompt: str, wanted: Sequence[tuple[str, float]], known: Mapping[str, Concept]
) -> dict[str, str]:
    """Each word that a fused concept brings with it, if that is asked for, and whose it is.

    Raises:
        InvalidInput: one of them is wanted beside it as a concept of its own.
    """
    named = {concept_name(name): None for name, _ in wanted}
    asked = [known[name] for name in (*named, *tokens(prompt)) if name in known]
    words = {word: concept.name for concept in asked for word in words_in(concept)}
    for name in named:
        if name in words:
            raise InvalidInput(
                f"{token_of(name)} is inside {token_of(words[name])} already. Leave it out of "
                "`concepts`; in the prompt its word does as before."
            )
    return words


def resolve(
    prompt: str,
    wanted: Sequence[tuple[str, float]],
    known: Mapping[str, Concept],
    inside: Mapping[str, str] | None = None,
) -> Resolved:
    """Write every concept of `known` as a token, put the merely wanted ones in front.

    `known` has each concept under the name or alias that was used; tokens are of names. A weight
    in the prompt wins over one in `wanted`. Every name in `wanted` and every token must be in
    `known`; bare words that are not stay words. `inside` holds what `carried` gives: such words are
    no concepts of their own here.

    Raises:
        InvalidInput: a weight is no number or out of range, nothing is left to draw, the prompt
            became too long, or there are too many concepts.
    """
    said = [(known[concept_name(name)].name, checked_weight(weight)) for name, weight in wanted]
    by_name = {concept.name: concept for concept in known.values()}
    mentioned: list[str] = []

    def write(match: re.Match[str]) -> str:
        called = (match["token"] or match["word"]).lower()
        if inside and called in inside:
            mentioned.append(inside[called])
            return _word_inside(match, inside[called])
        if called not in known:
            return match[0]
        name = known[called].name
        mentioned.append(name)
        if match["weight"] is not None:
            said.append((name, _weight(match["weight"])))
        return token_of(name)

    written = MENTION.sub(write, prompt)
    weights = dict(said)
    in_front = [name for name in weights if name not in mentioned]
    lead = [f"{token_of(name)} {by_name[name].class_noun}" for name in in_front]
    names = dict.fromkeys((*in_front, *mentioned))
    return Resolved(
        prompt=_bounded(", ".join(filter(None, (*lead, written))), len(names)),
        chosen=tuple((by_name[name], weights.get(name, DEFAULT_WEIGHT)) for name in names),
        notes=tuple(twice(said)),
    )


def _word_inside(match: re.Match[str], of: str) -> str:
    """The token of a word that a fused concept carries."""
    token = token_of((match["token"] or match["word"]).lower())
    if match["weight"] is not None:
        raise InvalidInput(
            f"{token} has its weight inside {token_of(of)}. Leave the weight out, or give "
            f"{token_of(of)} one."
        )
    return token


def twice(said: Iterable[tuple[str, float]]) -> Iterator[str]:
    """What to say of each concept that was given with several weights, of which the last counts."""
    given: dict[str, list[float]] = {}
    for name, weight in said:
        given.setdefault(name, []).append(weight)
    for name, weights in given.items():
        if len(set(weights)) > 1:
            listed = " and ".join(f"{weight:g}" for weight in weights)
            yield (
                f"{token_of(name)} is there with weights of {listed}; {weights[-1]:g} counts. "
                "Give it one weight."
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
