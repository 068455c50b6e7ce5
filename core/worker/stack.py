"""A request's stack put on the shared model, and taken off for the next one."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from core.domain.concepts import StackEntry, token_of
from core.domain.requests import STACK_MAX
from core.errors import Conflict
from core.storage import Storage
from core.worker.adapters import AdapterBank
from core.worker.artifact import Artifact
from core.worker.artifacts import Artifacts, Outline
from core.worker.extras import Extras
from core.worker.models import Base
from core.worker.tokens import TokenSlots, spell, spelled

TOP_SLOT = STACK_MAX
Speller = Callable[[str], str]
"""Turns a prompt with `<name>`s into what the tokenizers know."""


@dataclass(frozen=True, slots=True)
class Top:
    """A concept that is being taught: its adapter lies on a stack, its token in `TOP_SLOT`."""

    adapter: str | None
    name: str
    vectors: int = 1
    noun: str = ""
    """The class noun, where the word says it too."""
    live: Artifact | None = None
    """The parts beyond adapter and word, with the very tensors that learn."""


class Stacks:
    """Owns what the base model wears: adapters, differences and hypernetworks in the UNet, vectors
    and adapters in the text encoders.
    """

    def __init__(self, base: Base, storage: Storage) -> None:
        self._family = base.family.name
        self._artifacts = Artifacts(storage, self._check)
        self.adapters = AdapterBank(base.pipe.unet, self.artifact)
        self.extras = Extras(base.pipe.unet, base.text_encoders)
        self.tokens = TokenSlots(base.tokenizers, base.text_encoders)

    def artifact(self, key: str) -> Artifact:
        """A version by storage key, checked; raises what `wear` raises."""
        return self._artifacts.whole(key)

    def outline(self, key: str) -> Outline:
        """The same without its part of the UNet; hardly ever reads it."""
        return self._artifacts.outline(key)

    def wear(
        self,
        entries: Sequence[StackEntry],
        *,
        on_top: Top | None = None,
        words_alone: bool = False,
    ) -> Speller:
        """Applies a stack, and nothing else, from now on.

        The stack is added up in the order of its entries; with `words_alone` its words can be
        written, and nothing else of it is at work. What is being taught on top is at work too, at
        full weight, and is the only thing that takes gradients.

        Raises:
            Conflict: a concept was taught on another family of base models.
            ModelFault: an artifact cannot be loaded whole.
        """
        artifacts = [self.adapters.load(entry.artifact) for entry in entries]
        self._fill(entries, artifacts)
        at_work = [] if words_alone else list(zip(entries, artifacts, strict=True))
        worn = tuple((entry.artifact, entry.weight) for entry, own in at_work if own.lora)
        learned = on_top.adapter if on_top else None
        self.adapters.wear((*worn, (learned, 1.0)) if learned else worn, trainable=learned)
        taught = on_top.live if on_top else None
        self.extras.wear([(own, entry.weight) for entry, own in at_work], taught=taught)
        return self._speller(entries, artifacts, on_top)

    def speak(self, entries: Sequence[StackEntry]) -> Speller:
        """Puts on what a stack changes in the text encoders, and takes extras off the UNet.

        Raises:
            Conflict: a concept was taught on another family of base models.
            ModelFault: an artifact cannot be loaded whole.
        """
        artifacts = [self.outline(entry.artifact).said for entry in entries]
        self._fill(entries, artifacts)
        weights = [entry.weight for entry in entries]
        self.extras.wear(list(zip(artifacts, weights, strict=True)))
        return self._speller(entries, artifacts, None)

    def undress(self) -> None:
        """Takes off whatever changes weights that the engine's own trees share."""
        self.extras.wear(())

    def _fill(self, entries: Sequence[StackEntry], artifacts: Sequence[Artifact]) -> None:
        for slot, (entry, artifact) in enumerate(zip(entries, artifacts, strict=True)):
            if artifact.tokens:
                self.tokens.fill(slot, weighted(artifact.tokens, entry.weight))

    def _speller(
        self, entries: Sequence[StackEntry], artifacts: Sequence[Artifact], top: Top | None
    ) -> Speller:
        """Knows the words of a stack and of what is being taught on top, and no others."""
        written, nouns = _spelling(entries, artifacts, top)
        return lambda prompt: self.tokens.whole(spell(_without_nouns(prompt, nouns), written))

    def _check(self, artifact: Artifact) -> None:
        if artifact.family != self._family:
            raise Conflict(
                f"<{artifact.facts['name']}> was taught on {artifact.facts['model']}, which is of "
                "another kind than the model that runs now. Teach it again with /train."
            )
        self.extras.check(artifact)


def _spelling(
    entries: Sequence[StackEntry], artifacts: Sequence[Artifact], top: Top | None
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """What is written for each name, and the names with nouns that their words say."""
    written: dict[str, str] = {}
    for slot, (entry, artifact) in enumerate(zip(entries, artifacts, strict=True)):
        written |= _written(entry, artifact, slot)
    nouns = [pair for each in zip(entries, artifacts, strict=True) for pair in _saying_nouns(*each)]
    if top is not None:
        written[top.name] = spelled(TOP_SLOT, top.vectors)
        nouns += [(top.name, top.noun)] if top.noun else []
    return written, nouns


def _written(entry: StackEntry, artifact: Artifact, slot: int) -> dict[str, str]:
    """A concept's name as its slot's characters; a fused one's as those of every word it carries,
    each of which is known by itself too.
    """
    if not artifact.words:
        return {entry.name: spelled(slot, artifact.vectors)}
    words, first = {}, 0
    for word in artifact.words:
        words[word.name] = spelled(slot, word.vectors, first=first)
        first += word.vectors
    return words | {
        entry.name: " and ".join(
            words[one.name] if one.says_noun else f"{words[one.name]} {one.class_noun}"
            for one in artifact.words
        )
    }


def _saying_nouns(entry: StackEntry, artifact: Artifact) -> list[tuple[str, str]]:
    """Names that may be followed by a noun which their words say already, and those nouns."""
    carried = [(word.name, word.class_noun) for word in artifact.words if word.says_noun]
    own = [(entry.name, entry.class_noun)] if artifact.words or artifact.says_noun else []
    return own + carried


def _without_nouns(prompt: str, named: Sequence[tuple[str, str]]) -> str:
    """`<xyz> temple` as `<xyz>`, for such names and nouns."""
    for name, noun in named:
        token = token_of(name)
        said = rf"{re.escape(token)}\s+{re.escape(noun)}\b"
        prompt = re.sub(said, token, prompt, flags=re.IGNORECASE)
    return prompt


def weighted(tokens: Sequence[Tensor], weight: float) -> list[Tensor]:
    """Vectors between where they began (weight 0) and what was learned (weight 1)."""
    return [start + weight * (learned - start) for learned, start in tokens]
