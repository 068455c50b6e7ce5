"""The models of a worker, and the way from a message to the work it asks for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from core.dispatch.config import WorkerConfig
from core.dispatch.messages import Ended, Run
from core.domain.requests import (
    EvaluateRequest,
    ExportRequest,
    FuseRequest,
    ImagineRequest,
    ImportRequest,
    TrainRequest,
    TranscribeRequest,
)
from core.pocket.paths import clip_path
from core.storage import Storage
from core.worker.captioner import Captioner
from core.worker.controls import load_controls
from core.worker.device import make_deterministic, resolve_dtype, threads_for, usable_device
from core.worker.engine.fast import FastAdapters
from core.worker.engine.speed import Speed
from core.worker.engine.studio import Studio
from core.worker.evaluation.after_training import and_evaluated
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.evaluator import Evaluator
from core.worker.exporting import Exporter
from core.worker.faults import fault_of
from core.worker.fusion.fuser import Fuser
from core.worker.imagine import Imaginer, png
from core.worker.importing import Importer
from core.worker.interrogator import Interrogator
from core.worker.loop import Slices
from core.worker.models import Base, load_base, local_folder
from core.worker.previews import Previews, load_previews
from core.worker.speech import Listener
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from core.worker.training.course import Teacher
from core.worker.weight_sketch import and_sketched

if TYPE_CHECKING:
    from core.worker.others import OtherRunner


@dataclass(frozen=True, slots=True)
class Runner:
    """Everything that can do a job."""

    base: Base
    imaginer: Imaginer
    teacher: Teacher
    listener: Listener
    importer: Importer
    fuser: Fuser
    exporter: Exporter
    evaluator: Evaluator
    evaluates_training: bool = False

    def start(self, run: Run, ticket: Ticket) -> Slices:
        """The slices of a job."""
        match run.request:
            case TrainRequest() as lesson:
                return self._taught(lesson, ticket)
            case ImagineRequest() as wish:
                return self.imaginer.slices(wish, ticket)
            case ImportRequest() | FuseRequest() as parts:
                return and_sketched(self._put_together(parts, ticket), self.evaluator.storage)
            case ExportRequest() as order:
                return _whole(lambda: self.exporter.run(order, ticket), ticket)
            case EvaluateRequest() as question:
                return self.evaluator.run(question, ticket)
            case TranscribeRequest() as sound:
                return _whole(lambda: self.listener.run(sound, ticket), ticket)

    def _put_together(self, parts: ImportRequest | FuseRequest, ticket: Ticket) -> Slices:
        """A version from what there is already."""
        if isinstance(parts, FuseRequest):
            return self.fuser.run(parts, ticket)
        return self.importer.run(parts, ticket)

    def _taught(self, lesson: TrainRequest, ticket: Ticket) -> Slices:
        training = and_sketched(self.teacher.run(lesson, ticket), self.evaluator.storage)
        if not self.evaluates_training:
            return training
        return and_evaluated(training, self.evaluator, lesson, ticket)

    def advance(self) -> None:
        """One step of every picture that is on its way."""
        self.imaginer.advance()


def load_runner(config: WorkerConfig) -> Runner:
    """Loads all models once.

    Raises:
        ModelFault: one of them cannot be loaded; names its setting.
    """
    device, threads = _machine(config)
    storage = Storage(config.storage_url)
    base = _base(config, device)
    stacks = Stacks(base, storage)
    studio, previews = _studio(config, base, stacks, storage), _previews(config, base, storage)
    imaginer = Imaginer(base, stacks, storage, studio, previews)
    listener = _listener(config, device, threads, storage)
    scorer = _scorer(config, device)
    captioner, interrogator = _captioner(config, device), _interrogator(base, scorer)
    return Runner(
        base,
        imaginer,
        Teacher(base, stacks, imaginer, storage, captioner, interrogator),
        listener,
        Importer(base, stacks, imaginer, storage),
        Fuser(base, stacks, imaginer, storage),
        Exporter(base, storage),
        Evaluator(base, imaginer, storage, scorer),
        evaluates_training=config.evaluate_training,
    )


def load_other_runner(config: WorkerConfig) -> "OtherRunner":
    """Loads a model of another family, and the one that listens.

    Raises:
        ModelFault: one of them cannot be loaded; names its setting.
    """
    # Imports every pipeline that diffusers has, which Stable Diffusion never needs.
    from core.worker.others import OtherImaginer, OtherRunner, load_other

    device, threads = _machine(config)
    storage = Storage(config.storage_url)
    with fault_of("ATELIER_MODEL"):
        base = load_other(config.model, device=device, dtype=resolve_dtype(config.dtype, device))
    listener = _listener(config, device, threads, storage)
    return OtherRunner(base, OtherImaginer(base, storage), listener)


def _machine(config: WorkerConfig) -> tuple[torch.device, int]:
    """The device, and how many CPU threads there are."""
    threads = threads_for(config.model, config.threads)
    make_deterministic(threads)
    with fault_of("ATELIER_DEVICE"):
        return usable_device(config.device), threads


def _base(config: WorkerConfig, device: torch.device) -> Base:
    with fault_of("ATELIER_MODEL"):
        base = load_base(config.model, device=device, dtype=resolve_dtype(config.dtype, device))
    with fault_of("ATELIER_CONTROLNETS"):
        return replace(base, controls=load_controls(dict(config.controls), base))


def _previews(config: WorkerConfig, base: Base, storage: Storage) -> Previews | None:
    with fault_of("ATELIER_PREVIEW_DECODER"):
        return load_previews(
            config.preview_decoder, base, lambda picture: storage.put(png(picture))
        )


def _listener(
    config: WorkerConfig, device: torch.device, threads: int, storage: Storage
) -> Listener:
    with fault_of("ATELIER_SPEECH_MODEL"):
        return Listener(config.speech_model, device=device, threads=threads, storage=storage)


def _captioner(config: WorkerConfig, device: torch.device) -> Captioner | None:
    with fault_of("ATELIER_CAPTIONER"):
        return Captioner(config.captioner, device=device) if config.captioner else None


def _interrogator(base: Base, scorer: Scorer) -> Interrogator | None:
    sights = base.family.sights
    return Interrogator(scorer, sights) if sights is not None and scorer.fits(base.family) else None


def _scorer(config: WorkerConfig, device: torch.device) -> Scorer:
    """It loads when it is needed; folders that are not there are found now."""
    with fault_of("ATELIER_SCORING_MODEL"):
        local_folder(config.scoring_model, pocket=clip_path())
    with fault_of("ATELIER_FIDELITY_MODEL"):
        local_folder(config.fidelity_model, pocket=clip_path())
    return Scorer(config.scoring_model, device=device, fidelity_model=config.fidelity_model)


def _studio(config: WorkerConfig, base: Base, stacks: Stacks, storage: Storage) -> Studio:
    on_gpu = base.device.type == "cuda"
    images = config.batch or (32 if on_gpu else 16)
    adapter_mb = config.adapter_memory_mb or (2048 if on_gpu else 256)
    with fault_of("ATELIER_FAST_ADAPTER"):
        few_steps = FastAdapters(base, storage, config.fast_adapter)
    with fault_of("ATELIER_ADAPTER_MEMORY_MB"):
        return Studio(
            base,
            stacks,
            images=images,
            adapter_bytes=adapter_mb * 2**20,
            speed=Speed(config.channels_last, config.compile),
            few_steps=few_steps,
        )


def _whole(work: Callable[[], Ended], ticket: Ticket) -> Slices:
    """A job of one slice."""
    ticket.check()
    yield from ()
    return work()
