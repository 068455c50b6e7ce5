"""An export job: a concept version as files that A1111, ComfyUI and diffusers read."""

import time
from collections.abc import Iterator

import torch
from torch import Tensor

from core.dispatch.messages import Exported
from core.domain.exports import ExportedFile, ExportForm
from core.domain.jobs import Progress
from core.domain.requests import ExportRequest
from core.errors import Conflict, InvalidInput
from core.storage import Storage
from core.worker.artifact import Artifact, unpack
from core.worker.formats.files import packed
from core.worker.formats.low_rank import Adapter
from core.worker.formats.modelspec import kohya_facts, modelspec
from core.worker.formats.modules import modules_of
from core.worker.formats.parts import adapter_of
from core.worker.formats.words import write_word
from core.worker.formats.writing import write_diffusers, write_kohya
from core.worker.models import Base
from core.worker.ticket import Ticket


class Exporter:
    """Writes files for the family of base models that runs here."""

    def __init__(self, base: Base, storage: Storage) -> None:
        self._base, self._storage = base, storage
        self._modules = modules_of(base)

    def run(self, request: ExportRequest, ticket: Ticket) -> Exported:
        """Does an export job.

        Raises:
            Conflict: the version is of another family of base models.
            InvalidInput: it is made of what no such file has room for.
        """
        started_s = time.perf_counter()
        ticket.progress(Progress(0, 1, "writing files"))
        artifact = unpack(self._storage.get(request.concept.artifact))
        self._check(request, artifact)
        files = tuple(
            ExportedFile(
                name=name,
                key=self._storage.put(data),
                size_bytes=len(data),
                is_word=is_word,
                encoders=len(self._base.text_encoders),
            )
            for name, data, is_word in self._files(request, artifact)
        )
        return Exported(ticket.job_id, ticket.attempt, files, time.perf_counter() - started_s)

    def _check(self, request: ExportRequest, artifact: Artifact) -> None:
        token = request.concept.token
        if artifact.family != self._base.family.name:
            raise Conflict(
                f"{token} was taught on {artifact.facts['model']}, which is of another kind than "
                "the model that runs now. It can be exported when that one runs."
            )
        if artifact.delta or artifact.hyper:
            raise InvalidInput(
                f"{token} was taught by a method whose result no LoRA file has room for. "
                "Teach it by a LoRA method to export it."
            )

    def _files(
        self, request: ExportRequest, artifact: Artifact
    ) -> Iterator[tuple[str, bytes, bool]]:
        """Name, bytes, and whether it is the word; the word's file is called as the word is, since
        A1111 and ComfyUI take an embedding's name from there.
        """
        concept = request.concept
        word = learned_word(artifact)
        adapter = adapter_of(artifact)
        if adapter:
            name = f"{concept.name}-v{request.number}"
            trigger = f"{concept.name if word else ''} {concept.class_noun}".strip()
            facts = self._spec(request, "lora", trigger)
            if request.form is ExportForm.KOHYA:
                rank = max(change.rank for change in adapter.values())
                facts |= kohya_facts(self._base, rank=rank, name=name)
            yield f"{name}.safetensors", packed(self._keyed(request.form, adapter), facts), False
        if word:
            facts = self._spec(request, "textual-inversion", concept.name)
            yield f"{concept.name}.safetensors", packed(write_word(word), facts), True

    def _spec(self, request: ExportRequest, part: str, trigger: str) -> dict[str, str]:
        title = f"{request.concept.name} v{request.number}"
        return modelspec(
            self._base, part=part, title=title, trigger=trigger, date=request.taught_at
        )

    def _keyed(self, form: ExportForm, adapter: Adapter) -> dict[str, Tensor]:
        if form is ExportForm.KOHYA:
            return write_kohya(adapter, self._modules, sdxl=self._base.xl)
        return write_diffusers(adapter)


def learned_word(artifact: Artifact) -> tuple[Tensor, ...]:
    """For each encoder (vectors, width); nothing where the word is still the class noun's."""
    if all(torch.equal(learned, start) for learned, start in artifact.tokens):
        return ()
    return tuple(learned.reshape(-1, learned.shape[-1]) for learned, _ in artifact.tokens)
