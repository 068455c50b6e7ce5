"""How long a job will take, from how long the last ones took."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.tables import JobRow, SpeedRow
from core.dispatch.messages import (
    Evaluated,
    Exported,
    Fused,
    Imagined,
    Imported,
    Trained,
    Transcribed,
)
from core.domain.jobs import Job, JobKind, JobState, Progress
from core.domain.requests import EvaluateRequest, ImagineRequest, Request, TrainRequest

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


async def eta_s(session: AsyncSession, job: Job, *, position: int, places: int = 1) -> float | None:
    """Seconds until `job` has ended; `position` is its place in the queue, 0 if it runs.

    `places` is how many jobs of its kind run at once. None once it has ended, and while nothing
    like it was measured.
    """
    if job.state.ended:
        return None
    speed = await _speed(session, job.kind)
    own_s = _own_s(job.request, speed)
    if speed is None or own_s is None:
        return None
    if position == 0:
        own_s *= _left(job.progress)
    beside = [speed.seconds_per_job * _left(other) for other in await _running(session, job)]
    waiting = [speed.seconds_per_job] * await _waiting(session, job.kind)
    before, behind = waiting[: max(0, position - 1)], waiting[position:]
    return shared_s(own_s, ahead=[*beside, *before], behind=behind, places=places)


def shared_s(
    own_s: float, *, ahead: Sequence[float], behind: Sequence[float], places: int
) -> float:
    """Seconds until a job has ended, where `places` jobs at once share a worker's time evenly.

    `own_s` and what is ahead of it and behind it, in the order in which they are taken on, are
    seconds of the worker's time.
    """
    own, now_s = len(ahead), 0.0
    left = dict(enumerate((*ahead, own_s, *behind)))
    while True:
        active = list(left)[:places]
        step_s = min(left[job] for job in active)
        now_s += step_s * len(active)
        if own in active and left[own] <= step_s:
            return now_s
        left |= {job: left[job] - step_s for job in active}
        left = {job: seconds for job, seconds in left.items() if seconds > 0 or job not in active}


def units_of(request: Request, speed: Speed | None = None) -> float | None:
    """The work in a request: megapixel-steps, training steps, images, or clips; None: unknown."""
    steps = speed.default_steps if speed else None
    if isinstance(request, ImagineRequest):
        return _image_units(request, steps, speed.default_area_px if speed else None)
    if isinstance(request, TrainRequest):
        return request.steps or (request.recipe.steps if request.recipe else steps)
    return float(request.drawn) if isinstance(request, EvaluateRequest) else 1.0


def measured(
    job: Job, ended: Imagined | Trained | Transcribed | Imported | Fused | Exported | Evaluated
) -> SpeedRow:
    """What a job that ended well adds to the knowledge of speeds."""
    row = SpeedRow(job_id=job.id, kind=job.kind, units=1.0, seconds=ended.seconds)
    request = job.request
    if isinstance(ended, Trained) and isinstance(request, TrainRequest):
        row.units = ended.recipe.ended_at or ended.recipe.steps
        row.default_steps = None if units_of(request) else ended.recipe.steps
    elif isinstance(ended, Imagined) and isinstance(request, ImagineRequest):
        made = ended.images[0]
        used = made.manifest.request
        area_px = (used.width_px or made.width_px) * (used.height_px or made.height_px)
        row.units = _image_units(used, None, area_px) or 1.0
        row.default_steps = None if request.num_inference_steps else used.num_inference_steps
        row.default_area_px = None if request.width_px or request.start else area_px
    elif isinstance(request, EvaluateRequest):
        row.units = request.drawn
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
    if request.hires:
        share += request.hires.strength * request.hires.scale**2
    return len(request.seeds) * steps * share * area_px / MEGAPIXEL


def _own_s(request: Request, speed: Speed | None) -> float | None:
    if isinstance(request, TrainRequest) and request.learned is not None:
        return None  # it teaches nothing
    units = units_of(request, speed)
    return None if speed is None or units is None else units * speed.seconds_per_unit


def _left(progress: Progress | None) -> float:
    """The share of a running job that is still to do, 0 to 1."""
    if progress is None or progress.total <= 0:
        return 1.0
    return max(0.0, 1 - progress.done / progress.total)


async def _running(session: AsyncSession, job: Job) -> Sequence[Progress | None]:
    """How far the other running jobs of its kind are."""
    others = select(JobRow.progress).where(JobRow.kind == job.kind, JobRow.id != job.id)
    return (await session.scalars(others.where(JobRow.state == JobState.RUNNING))).all()


async def _waiting(session: AsyncSession, kind: JobKind) -> int:
    waiting = select(func.count()).where(JobRow.state == JobState.QUEUED, JobRow.kind == kind)
    return await session.scalar(waiting) or 0


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
