"""A scripted worker: ends jobs at once with real PNGs, or waits until it is told to."""

import asyncio
from dataclasses import replace

from core.dispatch.messages import (
    Cancelled,
    Ended,
    Exported,
    Failed,
    Fused,
    Imagined,
    Imported,
    MadeImage,
    Trained,
    Transcribed,
)
from core.domain.concepts import Origin
from core.domain.evaluation import Waypoint
from core.domain.exports import ExportedFile
from core.domain.images import Manifest
from core.domain.jobs import Job, JobKind, Progress
from core.domain.requests import (
    EvaluateRequest,
    ExportRequest,
    FuseRequest,
    ImagineRequest,
    ImportRequest,
    Recipe,
    TrainRequest,
)
from core.domain.speech import Segment
from core.learned import Learned, remember
from core.queue import Bells, Queue
from core.services.results import Results
from core.storage import Storage
from tests.evaluations import and_scored, evaluated
from tests.studio import fused
from tests.unit.bot.files import noise_png

SIDE_PX = 64


class ScriptedWorker:
    """Claims from the real queue and answers through the real results."""

    def __init__(self, queue: Queue, results: Results, storage: Storage, bells: Bells) -> None:
        self._queue, self._results, self._storage, self._bells = queue, results, storage, bells
        self.open = asyncio.Event()
        self.open.set()
        self.finishing = asyncio.Event()
        self.finishing.set()
        self.exported_bytes = 1000
        self.heard = "a red ball"
        self.failure: str | None = None
        self.progress: Progress | None = None
        self.course: tuple[Waypoint, ...] = ()
        self.steps: tuple[int, ...] = ()
        """At which a training puts by what it has learned."""
        self.scores_training = False

    async def run(self) -> None:
        """Work until cancelled. `open` lets jobs begin, `finishing` lets them end."""
        while True:
            await self.open.wait()
            job = await self._queue.claim(list(JobKind), worker="scripted", lease_s=60)
            if job is None:
                await self._bells.jobs.wait(0.2)
                continue
            await self._results.finish(await self._work(job))

    async def _work(self, job: Job) -> Ended:
        if self.progress is not None:
            await self._queue.report(job.id, job.attempt, self.progress)
        while not self.finishing.is_set():
            if job.id in await self._queue.cancel_requests():
                return Cancelled(job.id, job.attempt)
            if job.id in await self._queue.early_ends():
                return self._ended_early(job)
            await self._bells.jobs.wait(0.1)
        if self.failure is not None:
            return Failed(job.id, job.attempt, self.failure, users_fault=True)
        return self._made(job)

    def _made(self, job: Job) -> Ended:
        request = job.request
        if isinstance(request, ImagineRequest):
            return Imagined(job.id, job.attempt, self._images(request), seconds=0.1)
        if isinstance(request, TrainRequest):
            return self._trained(job, request)
        if isinstance(request, ExportRequest):
            return self._exported(job, request)
        if isinstance(request, ImportRequest | FuseRequest):
            return self._put_together(job, request)
        if isinstance(request, EvaluateRequest):
            return evaluated(job, request, self._picture_of)
        segment = Segment(start=0, end=1, text=self.heard, avg_logprob=-0.1, no_speech_prob=0.0)
        segments = (segment,) if self.heard else ()
        return Transcribed(job.id, job.attempt, "en", segments, seconds=0.1)

    def _picture_of(self, text: str) -> str:
        return self._storage.put(noise_png(sum(map(ord, text))))

    def _images(self, request: ImagineRequest) -> tuple[MadeImage, ...]:
        changes = {
            "num_inference_steps": request.num_inference_steps or 20,
            "guidance_scale": request.guidance_scale or 3.0,
            "width_px": request.width_px or SIDE_PX,
            "height_px": request.height_px or SIDE_PX,
        }
        resolved = request.model_copy(update=changes)
        return tuple(self._image(resolved, index) for index in range(len(request.seeds)))

    def _image(self, request: ImagineRequest, index: int) -> MadeImage:
        manifest = Manifest(
            request=request,
            index=index,
            model="scripted",
            device="cpu",
            dtype="float32",
            versions={"torch": "2"},
        )
        side = request.width_px or SIDE_PX
        dice = request.variation.seeds[index] if request.variation else request.seeds[index]
        key = self._storage.put(noise_png(dice, side))
        return MadeImage(key=key, width_px=side, height_px=side, manifest=manifest)

    def _exported(self, job: Job, request: ExportRequest) -> Exported:
        stem = request.concept.name
        adapter = f"{stem}-v{request.number}.safetensors", self.exported_bytes, False
        files = tuple(
            ExportedFile(
                name=name, key=self._storage.put(b"x" * size), size_bytes=size, is_word=is_word
            )
            for name, size, is_word in (adapter, (f"{stem}.safetensors", 100, True))
        )
        return Exported(job.id, job.attempt, files, seconds=0.1)

    def _imported(self, job: Job, request: ImportRequest) -> Imported:
        origin = Origin(
            file_name=request.file_name, file=request.file, form="kohya", rank=8, vectors=0
        )
        return Imported(
            job.id,
            job.attempt,
            artifact=self._storage.put(f"weights of job {job.id}".encode()),
            samples=tuple(self._storage.put(noise_png(1000 * job.id + i)) for i in range(4)),
            model="scripted",
            origin=origin,
            seconds=3.0,
        )

    def _put_together(self, job: Job, request: ImportRequest | FuseRequest) -> Imported | Fused:
        if isinstance(request, ImportRequest):
            return self._imported(job, request)
        samples = tuple(self._storage.put(noise_png(1000 * job.id + i)) for i in range(4))
        return replace(fused(job, request), samples=samples, model="scripted")

    def _ended_early(self, job: Job) -> Ended:
        """What it had learned at the step that it told."""
        if self.progress is None or not isinstance(job.request, TrainRequest):
            return Cancelled(job.id, job.attempt)
        made = self._trained(job, job.request)
        recipe = made.recipe.model_copy(update={"ended_at": self.progress.done})
        return replace(made, recipe=recipe)

    def _put_by(self, trained: Trained) -> None:
        """What it had learned at these steps, and what it drew there."""
        artifacts = {step: self._storage.put(b"step %d" % step) for step in self.steps}
        previews = {step: self._storage.put(noise_png(step)) for step in (0, *self.steps)}
        remember(self._storage, trained.artifact, Learned(artifacts, previews))

    def _trained(self, job: Job, request: TrainRequest) -> Trained:
        samples = tuple(self._storage.put(noise_png(1000 * job.id + i)) for i in range(4))
        trained = Trained(
            job.id,
            job.attempt,
            artifact=self._storage.put(f"weights of job {job.id}".encode()),
            samples=samples,
            model="scripted",
            recipe=request.recipe or Recipe(seed=request.seed),
            parents=request.parents,
            seconds=12.0,
            course=self.course,
        )
        if self.steps and request.learned is None:
            self._put_by(trained)
        return (
            and_scored(trained, job, request, self._picture_of) if self.scores_training else trained
        )
