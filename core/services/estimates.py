"""How long a job will take, from how long the last ones took."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.tables import JobRow, SpeedRow
from core.dispatch.messages import Imagined, Imported, Trained, Transcribed
from core.domain.jobs import Job, JobKind, JobState, Progress
from core.domain.requests import ImagineRequest, Request, TrainRequest

RECENT = 10
MEGAPIXEL = 1_000_000


@dataclass(frozen=True, slots=True)
class Speed:
    """What the last jobs of one kind tell."""

    seconds_per_unit: float
    seconds_per_job: float
    default_steps: int | None
    """Steps that the base model chose where the request left them open."""
    default_area_px: int | None


async def eta_s(session: AsyncSession, job: Job, *, position: int) -> float | None:
    """Seconds until `job` has ended; `position` is its place in the queue, 0 if it runs.

    None once it has ended, and while nothing like it was measured.
    """
    if job.state.ended:
        return None
    speed = await _speed(session, job.kind)
    own_s = _own_s(job.request, speed)
    if speed is None or own_s is None:
        return None
    if position == 0:
        return own_s * _left(job.progress)
    running = await _running(session, job.kind)
    ahead = position - 1 + sum(_left(progress) for progress in running)
    return ahead * speed.seconds_per_job + own_s


def units_of(request: Request, speed: Speed | None = None) -> float | None:
    """The work in a request: megapixel-steps, training steps, or clips; None while unknown."""
    steps = speed.default_steps if speed else None
    if isinstance(request, ImagineRequest):
        return _image_units(request, steps, speed.default_area_px if speed else None)
    if isinstance(request, TrainRequest):
        return request.steps or (request.recipe.steps if request.recipe else steps)
    return 1.0


def measured(job: Job, ended: Imagined | Trained | Transcribed | Imported) -> SpeedRow:
    """What a job that ended well adds to the knowledge of speeds."""
    row = SpeedRow(job_id=job.id, kind=job.kind, units=1.0, seconds=ended.seconds)
    request = job.request
    if isinstance(ended, Trained) and isinstance(request, TrainRequest):
        row.units = ended.recipe.steps
        row.default_steps = None if units_of(request) else ended.recipe.steps
    elif isinstance(ended, Imagined) and isinstance(request, ImagineRequest):
        made = ended.images[0]
        used, area_px = made.manifest.request, made.width_px * made.height_px
        row.units = _image_units(used, None, area_px) or 1.0
        row.default_steps = None if request.num_inference_steps else used.num_inference_steps
        row.default_area_px = None if request.width_px else area_px
    return row


def _image_units(
    request: ImagineRequest, default_steps: int | None, default_area_px: int | None
) -> float | None:
    steps = request.num_inference_steps or default_steps
    area_px = default_area_px
    if request.width_px and request.height_px:
        area_px = request.width_px * request.height_px
    if steps is None or area_px is None:
        return None
    share = request.start.strength if request.start else 1.0  # image-to-image skips the rest
    return len(request.seeds) * steps * share * area_px / MEGAPIXEL


def _own_s(request: Request, speed: Speed | None) -> float | None:
    units = units_of(request, speed)
    return None if speed is None or units is None else units * speed.seconds_per_unit


def _left(progress: Progress | None) -> float:
    """The share of a running job that is still to do, 0 to 1."""
    if progress is None or progress.total <= 0:
        return 1.0
    return max(0.0, 1 - progress.done / progress.total)


async def _running(session: AsyncSession, kind: JobKind) -> Sequence[Progress | None]:
    running = select(JobRow.progress).where(JobRow.state == JobState.RUNNING, JobRow.kind == kind)
    return (await session.scalars(running)).all()


async def _speed(session: AsyncSession, kind: JobKind) -> Speed | None:
    recent = select(SpeedRow).where(SpeedRow.kind == kind).order_by(SpeedRow.job_id.desc())
    last = (await session.scalars(recent.limit(RECENT))).all()
    if not last:
        return None
    seconds = sum(row.seconds for row in last)
    return Speed(
        seconds_per_unit=seconds / sum(row.units for row in last),
        seconds_per_job=seconds / len(last),
        default_steps=next((row.default_steps for row in last if row.default_steps), None),
        default_area_px=next((row.default_area_px for row in last if row.default_area_px), None),
    )
