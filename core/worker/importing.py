"""An import job: another tool's file, checked whole, as a concept's new version."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from core.dispatch.messages import Imported
from core.domain.concepts import Origin, token_of
from core.domain.jobs import Progress
from core.domain.requests import ImportRequest
from core.errors import InvalidInput
from core.pickled import word_in
from core.storage import Storage
from core.torchzip import is_zip, read
from core.worker.artifact import Artifact
from core.worker.formats.files import open_file
from core.worker.formats.hypernetworks import (
    Hypernetwork,
    check,
    is_hypernetwork,
    read_pickled,
    read_tensors,
)
from core.worker.formats.modelspec import stored
from core.worker.formats.modules import modules_of
from core.worker.formats.parts import ranks_of, text_parts, unet_part
from core.worker.formats.pickled import tensors_in
from core.worker.formats.reading import form_of, read_adapter
from core.worker.formats.words import is_word, read_word
from core.worker.imagine import Imaginer
from core.worker.loop import Slices
from core.worker.models import Base
from core.worker.samples import facts_of, samples_of
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from core.worker.training.parts.word import noun_vectors

Form = Literal["kohya", "diffusers", "peft", "embedding", "hypernetwork"]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was in a file."""

    lora: Mapping[str, Tensor]
    text: tuple[Mapping[str, Tensor], ...]
    word: tuple[Tensor, ...] | None
    """For each encoder (vectors, width); None where the file has no word."""
    form: Form
    hyper: Hypernetwork | None = None

    @property
    def ranks(self) -> dict[str, int]:
        """Of each module of the UNet that is changed."""
        return ranks_of(self.lora)

    @property
    def rank(self) -> int:
        """The largest, text encoders included."""
        every = [self.ranks, *map(ranks_of, self.text)]
        return max((rank for part in every for rank in part.values()), default=0)


class Importer:
    """Takes files in for the base model that it was given."""

    def __init__(self, base: Base, stacks: Stacks, imaginer: Imaginer, storage: Storage) -> None:
        self._base, self._stacks = base, stacks
        self._imaginer, self._storage = imaginer, storage
        self._modules = modules_of(base)

    def run(self, request: ImportRequest, ticket: Ticket) -> Slices:
        """The slices of an import job: the check, then the samples without and with it.

        Raises:
            InvalidInput: the file cannot be used whole; nothing of it is kept then.
            Stopped: the job was cancelled on the way.
        """
        started_s = time.perf_counter()
        ticket.progress(Progress(0, 2, "checking the file"))
        taken = self._read(self._storage.get(request.file))
        key = self._storage.put(stored(self._base, self._artifact(request, taken)))
        ticket.progress(Progress(1, 2, "drawing without it and with it"))
        called = f"{token_of(request.name)} {request.class_noun}"
        drawn = yield from samples_of(self._imaginer, request, key, called, ticket)
        return Imported(
            ticket.job_id,
            ticket.attempt,
            artifact=key,
            samples=drawn,
            model=self._base.name,
            weights=self._base.weights,
            origin=_origin(request, taken),
            seconds=time.perf_counter() - started_s,
        )

    def _read(self, data: bytes) -> _Taken:
        if is_zip(data):
            return self._read_pickled(data)
        tensors, metadata = open_file(data)
        if not tensors:
            raise InvalidInput("This file is empty.")
        if is_hypernetwork(tensors):
            return self._hyper(read_tensors(tensors, metadata))
        if is_word(tensors):
            return self._word(tensors)
        adapter = read_adapter(tensors, self._modules, metadata)
        text = text_parts(adapter, encoders=len(self._base.text_encoders))
        return _Taken(unet_part(adapter), text, None, form_of(tensors))

    def _read_pickled(self, data: bytes) -> _Taken:
        """Read as data, of which nothing is run."""
        file = read(data)
        if places := word_in(file.value):
            return self._word(tensors_in(file, places))
        return self._hyper(read_pickled(file))

    def _word(self, tensors: Mapping[str, Tensor]) -> _Taken:
        widths = [encoder.config.hidden_size for encoder in self._base.text_encoders]
        return _Taken({}, (), read_word(tensors, widths), "embedding")

    def _hyper(self, read: Hypernetwork) -> _Taken:
        check(read, self._stacks.extras.hypernetworks)
        return _Taken({}, (), None, "hypernetwork", read)

    def _artifact(self, request: ImportRequest, taken: _Taken) -> Artifact:
        nouns = noun_vectors(self._base, request.class_noun)
        facts = facts_of(request, self._base) | {
            "rank": taken.rank,
            "ranks": taken.ranks,
            "targets": list(taken.ranks),
            "recipe": _origin(request, taken).model_dump(),
            "parents": [],
        }
        tokens = _tokens(nouns, taken.word)
        if taken.hyper is None:
            return Artifact(taken.lora, tokens, facts, text=taken.text)
        facts |= {
            "activation": taken.hyper.activation,
            "activate_output": taken.hyper.activate_output,
        }
        return Artifact({}, tokens, facts, hyper=taken.hyper.nets)


def _tokens(nouns: Sequence[Tensor], word: Sequence[Tensor] | None) -> tuple[Tensor, ...]:
    """The learned word, and the class noun that it began as; the noun itself without one."""
    starts = [noun.detach().float().cpu()[None] for noun in nouns]
    learned = starts if word is None else word
    pairs = (
        torch.stack([vectors, start.expand_as(vectors)])
        for vectors, start in zip(learned, starts, strict=True)
    )
    return tuple(pair[:, 0] if pair.shape[1] == 1 else pair for pair in pairs)


def _origin(request: ImportRequest, taken: _Taken) -> Origin:
    return Origin(
        file_name=request.file_name,
        file=request.file,
        form=taken.form,
        rank=taken.rank,
        vectors=0 if taken.word is None else len(taken.word[0]),
        text_encoders=any(taken.text),
    )
