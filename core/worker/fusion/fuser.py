"""A fuse job: a stack of concepts as one version with one adapter and a word of several parts."""

import time
from collections.abc import Generator, Mapping, Sequence

import torch
from torch import Tensor

from core.dispatch.messages import Fused
from core.domain.concepts import StackEntry, token_of
from core.domain.evaluation import evaluation_prompts
from core.domain.fusion import RANK_MAX, FusedWord, Fusion
from core.domain.jobs import Progress
from core.domain.parts import Parts, unfusable
from core.domain.recipes import VECTORS_MAX
from core.domain.requests import FuseRequest, ImagineRequest
from core.errors import InvalidInput
from core.storage import Storage
from core.worker.artifact import Artifact
from core.worker.formats.modelspec import stored
from core.worker.formats.parts import DOWN, UP, ranks_of
from core.worker.fusion.least_squares import Change, added_up, error, fuse
from core.worker.fusion.recording import Grams, in_groups, recording
from core.worker.imagine import Imaginer
from core.worker.loop import Slices
from core.worker.models import Base
from core.worker.samples import facts_of, samples_of
from core.worker.stack import Stacks, weighted
from core.worker.ticket import Ticket

SEEDS = (0, 1)
"""Of each of a concept's four prompts while its layers are listened to."""
HEARD_EVERY = 4
"""Steps of a drawing: writing down what is read takes longer than drawing."""
GRAM_BYTES = 2**31
"""For what the layers of all concepts read; more of it is done group by group, drawing anew."""
Errors = list[list[tuple[float, float]]]
"""By concept and layer: the squared error, and the square of what it should be."""


class Fuser:
    """Fuses concepts for the base model that it was given."""

    def __init__(self, base: Base, stacks: Stacks, imaginer: Imaginer, storage: Storage) -> None:
        self.base, self.stacks, self.imaginer, self.storage = base, stacks, imaginer, storage

    def run(self, request: FuseRequest, ticket: Ticket) -> Slices:
        """The slices of a fuse job: one prompt drawn, or one layer solved. It begins anew if lost.

        Raises:
            InvalidInput: a concept has no adapter, or more than one.
            Stopped: the job was cancelled, or put down.
        """
        return _Fusing(self, request, ticket).slices()


class _Fusing:
    """One attempt of one fuse job."""

    def __init__(self, of: Fuser, request: FuseRequest, ticket: Ticket) -> None:
        self._of, self._request, self._ticket = of, request, ticket
        self._started_s = time.perf_counter()
        self._done = self._total = 0

    def slices(self) -> Slices:
        parts = [self._of.stacks.artifact(entry.artifact) for entry in self._request.parts]
        check_parts(self._request.parts, parts)
        lora, errors, summed = yield from self._fused(parts)
        words = tuple(
            _word(entry, _share(own), _share(plain))
            for entry, own, plain in zip(self._request.parts, errors, summed, strict=True)
        )
        fusion = Fusion(
            stack=self._request.stack_name,
            words=words,
            rank=max(ranks_of(lora).values()),
            seeds=SEEDS,
        )
        made = self._artifact(parts, lora, fusion)
        key = self._of.storage.put(stored(self._of.base, made))
        samples = yield from self._samples(key)
        return Fused(
            self._ticket.job_id,
            self._ticket.attempt,
            artifact=key,
            samples=samples,
            model=self._of.base.name,
            weights=self._of.base.weights,
            fusion=fusion,
            seconds=time.perf_counter() - self._started_s,
        )

    def _fused(
        self, parts: Sequence[Artifact]
    ) -> Generator[None, None, tuple[dict[str, Tensor], Errors, Errors]]:
        """The adapter, and the errors of it and of the plain sum."""
        widths = _widths(parts)
        groups = in_groups(widths, most_bytes=GRAM_BYTES // len(parts))
        prompts = sum(len(_prompts(entry)) for entry in self._request.parts)
        self._total = prompts * len(groups) + len(widths) + 1
        lora: dict[str, Tensor] = {}
        errors: Errors = [[] for _ in parts]
        summed: Errors = [[] for _ in parts]
        for layers in groups:
            grams = yield from self._heard(layers)
            for layer in layers:
                changes = self._changes(layer, parts, grams)
                one, plain = fuse(changes, rank_max=RANK_MAX), added_up(changes)
                for index, change in enumerate(changes):
                    errors[index].append(error(one, change))
                    summed[index].append(error(plain, change))
                lora |= _shaped(layer, one.down, one.up, parts)
                self._tell("fitting one adapter")
                yield
        return lora, errors, summed

    def _heard(self, layers: Sequence[str]) -> Generator[None, None, list[Grams]]:
        """What these layers read while each concept is drawn alone."""
        heard: list[Grams] = []
        for entry in self._request.parts:
            grams: Grams = {}
            for prompt in _prompts(entry):
                with recording(self._of.base.pipe.unet, layers, grams, every=HEARD_EVERY):
                    self._hear(prompt, entry)
                self._tell(f"drawing {entry.token} alone")
                yield
            heard.append(grams)
        return heard

    def _changes(
        self, layer: str, parts: Sequence[Artifact], grams: Sequence[Grams]
    ) -> list[Change]:
        entries = self._request.parts
        return [
            _change(layer, part.lora, entry.weight, gram[layer])
            for entry, part, gram in zip(entries, parts, grams, strict=True)
        ]

    def _artifact(
        self, parts: Sequence[Artifact], lora: Mapping[str, Tensor], fusion: Fusion
    ) -> Artifact:
        request = self._request
        facts = facts_of(request, self._of.base) | {
            "rank": fusion.rank,
            "ranks": ranks_of(lora),
            "targets": list(ranks_of(lora)),
            "recipe": fusion.model_dump(mode="json"),
            "parents": [entry.artifact for entry in request.parts],
            "words": [
                [entry.name, entry.class_noun, part.vectors, part.says_noun]
                for entry, part in zip(request.parts, parts, strict=True)
            ],
        }
        return Artifact(lora, joined_words(request.parts, parts), facts)

    def _samples(self, key: str) -> Generator[None, None, tuple[str, ...]]:
        """The same seeds without and with the new version, alternating."""
        request = self._request
        self._tell("drawing with all of them")
        named = token_of(request.name)
        return (yield from samples_of(self._of.imaginer, request, key, named, self._ticket))

    def _hear(self, prompt: str, entry: StackEntry) -> None:
        """Draws a concept alone, adapter and all in both halves, by the way that hooks can hear."""
        of = self._of
        wish = of.imaginer.resolve(ImagineRequest(prompt=prompt, seeds=SEEDS))
        speller = of.stacks.wear((entry,))
        try:
            of.imaginer.draw(wish, speller, on_step=lambda *_: self._ticket.check())
        finally:
            of.stacks.wear(())

    def _tell(self, note: str) -> None:
        self._ticket.check()
        self._done += 1
        self._ticket.progress(Progress(self._done, self._total, note))


def check_parts(entries: Sequence[StackEntry], parts: Sequence[Artifact]) -> None:
    """Raises:
    InvalidInput: one of the concepts cannot be fused, or their words are too long together.
    """
    for entry, part in zip(entries, parts, strict=True):
        if part.words:
            raise InvalidInput(
                f"{entry.token} is several concepts in one already. Put those into the stack."
            )
        if reason := unfusable(entry.token, _parts(part)):
            raise InvalidInput(reason)
    vectors = sum(part.vectors for part in parts)
    if vectors > VECTORS_MAX:
        raise InvalidInput(
            f"The words of these concepts have {vectors} vectors together; {VECTORS_MAX} fit into "
            "one version. Take a concept out of the stack."
        )


def _parts(artifact: Artifact) -> Parts:
    if artifact.delta or artifact.hyper:
        return Parts.MORE
    if artifact.text:
        return Parts.TEXT
    return Parts.ADAPTER if artifact.lora else Parts.WORD


def joined_words(entries: Sequence[StackEntry], parts: Sequence[Artifact]) -> tuple[Tensor, ...]:
    """For each text encoder all vectors of all words, (2, vectors, width): learned, begun as."""
    every = []
    for encoder in range(max(len(part.tokens) for part in parts)):
        rows = []
        for entry, part in zip(entries, parts, strict=True):
            if part.tokens:
                begun = part.tokens[encoder][1]
                (learned,) = weighted([part.tokens[encoder]], entry.weight)
                width = begun.shape[-1]
                rows.append(torch.stack([learned.reshape(-1, width), begun.reshape(-1, width)]))
        every.append(torch.cat(rows, dim=1))
    return tuple(every)


def _prompts(entry: StackEntry) -> tuple[str, ...]:
    return evaluation_prompts(entry.kind, entry.name, entry.class_noun)


def _widths(parts: Sequence[Artifact]) -> dict[str, int]:
    """Every layer that one of them changes, and the length of what it reads."""
    return {
        key.removesuffix(DOWN): value[0].numel()
        for part in parts
        for key, value in part.lora.items()
        if key.endswith(DOWN)
    }


def _change(layer: str, lora: Mapping[str, Tensor], weight: float, gram: Tensor) -> Change:
    """A concept's change of a layer; one of rank 0 where it leaves the layer alone."""
    if layer + DOWN not in lora:
        return Change(gram.new_zeros(0, len(gram)), gram.new_zeros(0, 0), gram)
    down, up = (lora[layer + part].flatten(1).to(gram) for part in (DOWN, UP))
    return Change(down, up * weight, gram)


def _shaped(layer: str, down: Tensor, up: Tensor, parts: Sequence[Artifact]) -> dict[str, Tensor]:
    """A and B in the shapes that a layer's own have."""
    like = next(part.lora for part in parts if layer + DOWN in part.lora)
    inner, outer = like[layer + DOWN].shape[1:], like[layer + UP].shape[2:]
    return {
        layer + DOWN: down.reshape(-1, *inner).cpu(),
        layer + UP: up.reshape(len(up), -1, *outer).cpu(),
    }


def _share(of_layers: Sequence[tuple[float, float]]) -> float:
    """The mean over layers of the error against what it should be."""
    shares = [off / whole for off, whole in of_layers if whole > 0]
    return sum(shares) / max(1, len(shares))


def _word(entry: StackEntry, own: float, plain: float) -> FusedWord:
    return FusedWord(
        name=entry.name,
        class_noun=entry.class_noun,
        version_id=entry.version_id,
        number=entry.number,
        weight=entry.weight,
        error=own,
        error_sum=plain,
    )
