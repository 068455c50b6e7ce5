"""A database, a queue and services without a bot or a worker, for tests to act on.

The worker's answers are made up here, by `answer`; everything else is the real thing.
"""

import asyncio
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from core.db import Database
from core.dispatch.messages import (
    Ended,
    Exported,
    Fused,
    Imagined,
    Imported,
    MadeImage,
    Trained,
    Transcribed,
)
from core.domain.concepts import Concept, ConceptKind, Origin
from core.domain.fusion import FusedWord, Fusion
from core.domain.images import Image, Manifest
from core.domain.jobs import Job, JobKind
from core.domain.people import Actor
from core.domain.requests import (
    EvaluateRequest,
    ExportRequest,
    FuseRequest,
    ImagineRequest,
    ImagineWish,
    ImportRequest,
    Recipe,
    TrainRequest,
)
from core.domain.speech import Segment
from core.queue import Bells, Queue
from core.services import Services
from core.services.submitted import Submitted
from core.services.training import TrainWish
from core.settings import Settings
from core.storage import Storage
from tests.evaluations import evaluated

CHANNEL = 500
LEASE_S = 60.0
EVERY_KIND = tuple(JobKind)
NATIVE_PX = 64


class Studio:
    """Real services over a SQLite file in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "atelier.db"
        if not self.file.exists():
            shutil.copy(migrated_file(), self.file)
        self.storage = Storage(f"file://{folder}/blobs")
        self.open()

    def open(self) -> None:
        """Begin as a program does that starts; again after a restart."""
        self.database = Database(url_of(self.file))
        self.bells = Bells()
        self.queue = Queue(self.database, self.bells)
        self.services = Services(
            self.database, self.storage, self.queue, self.bells, Settings(_env_file=None)
        )

    async def close(self) -> None:
        """Close the database."""
        await self.database.close()

    async def claim(self, *kinds: JobKind) -> Job:
        """The next job, which must exist."""
        job = await self.queue.claim(kinds or EVERY_KIND, worker="test", lease_s=LEASE_S)
        assert job is not None, "nothing waits"
        return job

    async def work(self, *kinds: JobKind, said: str = "a photo of a temple") -> Job:
        """Claim the next job and end it well."""
        job = await self.claim(*kinds)
        await self.services.results.finish(answer(job, said=said))
        return await self.services.jobs.get(job.guild_id, job.id)

    async def teach(
        self,
        actor: Actor,
        name: str,
        noun: str = "temple",
        *,
        kind: ConceptKind = ConceptKind.SUBJECT,
        base_on: tuple[str, ...] = (),
    ) -> Concept:
        """A trained concept."""
        wish = TrainWish(name, noun, kind, (key_of("picture"),), base_on)
        await self.services.training.start(actor, CHANNEL, wish)
        await self.work(JobKind.TRAIN)
        return await self.services.library.find(actor.guild_id, name)

    async def ask(self, actor: Actor, prompt: str = "a temple", count: int = 4) -> Submitted:
        """A wish for pictures that is now queued."""
        wish = ImagineWish(prompt, count=count)
        return await self.services.imagining.request(actor, CHANNEL, wish)

    async def draw(self, actor: Actor, prompt: str = "a temple", count: int = 4) -> list[Image]:
        """Pictures that are there."""
        submitted = await self.ask(actor, prompt, count)
        await self.work(JobKind.IMAGINE)
        return list(await self.services.gallery.of_job(submitted.job.id))


def answer(job: Job, *, said: str = "a photo of a temple", seconds: float = 2.0) -> Ended:
    """What a worker that does its work well would say about a job."""
    request = job.request
    if isinstance(request, ImagineRequest):
        return _imagined(job, request, seconds)
    if isinstance(request, TrainRequest):
        return Trained(
            job_id=job.id,
            attempt=job.attempt,
            artifact=key_of(f"{request.name} {job.id}"),
            samples=(key_of("without"), key_of("with")),
            model="pocket",
            recipe=request.recipe or Recipe(seed=request.seed),
            parents=request.parents,
            seconds=seconds,
        )
    if isinstance(request, ExportRequest):
        return Exported(job.id, job.attempt, (), seconds)
    if isinstance(request, ImportRequest | FuseRequest):
        return put_together(job, request, seconds)
    if isinstance(request, EvaluateRequest):
        return evaluated(job, request, key_of)
    spoken = Segment(start=0, end=1, text=f" {said}", avg_logprob=-0.1, no_speech_prob=0.01)
    return Transcribed(job.id, job.attempt, "en", (spoken,) if said else (), seconds)


def put_together(
    job: Job, request: ImportRequest | FuseRequest, seconds: float
) -> Imported | Fused:
    """A version of what there was already."""
    if isinstance(request, FuseRequest):
        return fused(job, request, seconds)
    return imported(job, request, seconds)


def imported(job: Job, request: ImportRequest, seconds: float = 2.0) -> Imported:
    """A file that could be used."""
    return Imported(
        job_id=job.id,
        attempt=job.attempt,
        artifact=key_of(f"{request.name} {job.id}"),
        samples=(key_of("without"), key_of("with")),
        model="pocket",
        origin=Origin(
            file_name=request.file_name, file=request.file, form="kohya", rank=8, vectors=0
        ),
        seconds=seconds,
    )


def fused(job: Job, request: FuseRequest, seconds: float = 2.0) -> Fused:
    """A stack of which every concept was kept well."""
    return Fused(
        job_id=job.id,
        attempt=job.attempt,
        artifact=key_of(f"{request.name} {job.id}"),
        samples=(key_of("without"), key_of("with")),
        model="pocket",
        fusion=fusion_made(request),
        seconds=seconds,
    )


def fusion_made(request: FuseRequest) -> Fusion:
    """What a worker says of a fusion in which each concept keeps nine tenths."""
    words = tuple(
        FusedWord(
            name=part.name,
            class_noun=part.class_noun,
            version_id=part.version_id,
            number=part.number,
            weight=part.weight,
            error=0.1,
            error_sum=1.5,
        )
        for part in request.parts
    )
    return Fusion(stack=request.stack_name, words=words, rank=16, seeds=(0, 1))


def _imagined(job: Job, request: ImagineRequest, seconds: float) -> Imagined:
    width_px = request.width_px or NATIVE_PX
    height_px = request.height_px or NATIVE_PX
    resolved = request.model_copy(
        update={
            "num_inference_steps": request.num_inference_steps or 20,
            "width_px": width_px,
            "height_px": height_px,
        }
    )
    made = tuple(
        MadeImage(
            key=key_of(f"image {job.id} {index}"),
            width_px=width_px,
            height_px=height_px,
            manifest=Manifest(
                request=resolved,
                index=index,
                model="pocket",
                device="cpu",
                dtype="float32",
                versions={"torch": "2.13.0"},
            ),
        )
        for index in range(len(request.seeds))
    )
    return Imagined(job.id, job.attempt, made, seconds)


def key_of(text: str) -> str:
    """A storage key as it would be."""
    return text.encode().hex().ljust(64, "0")[:64]


def url_of(file: Path) -> str:
    """The address of an SQLite file."""
    return f"sqlite+aiosqlite:///{file}"


@cache
def migrated_file() -> Path:
    """An empty database at the newest revision, made once for each test process."""
    file = Path(mkdtemp(prefix="atelier-tests-")) / "empty.db"

    async def make() -> None:
        database = Database(url_of(file))
        await database.start()
        await database.close()

    with asyncio.Runner() as runner:
        runner.run(make())
    return file
