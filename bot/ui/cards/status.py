"""The message that follows a job from the queue to its end."""

from collections.abc import Sequence

from bot.ui.card import Button, Card, Row, embed
from bot.ui.text import about, bar, code, dotted, escaped, listed, ordinal
from core.domain.jobs import Job, JobKind, JobState
from core.domain.requests import (
    EvaluateRequest,
    ExportRequest,
    FuseRequest,
    ImagineRequest,
    ImportRequest,
    Purpose,
    TrainRequest,
)

VERBS = {
    JobKind.IMAGINE: "drawing",
    JobKind.TRAIN: "learning",
    JobKind.TRANSCRIBE: "listening",
    JobKind.IMPORT: "checking",
    JobKind.FUSE: "fusing",
    JobKind.EXPORT: "writing",
    JobKind.EVALUATE: "evaluating",
}
AGAIN = {JobKind.IMAGINE: ("Try again", "redo"), JobKind.TRAIN: ("Train again", "retrain")}
"""How what was asked for is asked for once more, and by which verb."""
LISTED_MAX = 20


def status(
    job: Job, *, position: int = 0, eta_s: float | None = None, notes: Sequence[str] = ()
) -> Card:
    """Where a job is: its number, place or progress, estimate, and what it is about."""
    warnings = [f"⚠️ {note}" for note in (*map(escaped, job.cautions), *notes)]
    lines = [headline(job, position=position, eta_s=eta_s), f"> {subject(job)}", *warnings]
    if isinstance(job.request, TrainRequest) and job.request.ends_early and not job.state.ended:
        lines.append("Ending early: what it has learned by now is kept.")
    return Card(content="\n".join(lines), rows=_after(job) if job.state.ended else (_stops(job),))


def _after(job: Job) -> tuple[Row, ...]:
    """Pictures are not to be uploaded twice; a prompt is soon typed again."""
    return again(job) if job.kind is JobKind.TRAIN else ()


def again(job: Job) -> tuple[Row, ...]:
    """A button that asks for the same once more, where that makes sense."""
    if job.kind not in AGAIN:
        return ()
    label, verb = AGAIN[job.kind]
    return ((Button(label, verb, job.id, emoji="🔁"),),)


def headline(job: Job, *, position: int = 0, eta_s: float | None = None) -> str:
    """#12 · queued 1st · about 4 s, or #12 · drawing ▰▰▱ 30 % · about 2 s left."""
    number = f"**#{job.id}**"
    if job.state is JobState.QUEUED:
        place = f"queued {ordinal(position)}" if position > 0 else "queued"
        return dotted(number, place, about(eta_s))
    if job.state is JobState.RUNNING:
        left = f"{about(eta_s)} left" if eta_s is not None else ""
        return dotted(number, *_running(job), left)
    return dotted(number, job.state.value)


def subject(job: Job) -> str:
    """What the job is about, in one line; its user text is escaped."""
    request = job.request
    if isinstance(request, ImagineRequest):
        return escaped(request.prompt, 200)
    if isinstance(request, TrainRequest):
        count = len(request.pictures)
        base = f", on top of {listed([code(p.token) for p in request.parents])}"
        masked = f" ({masks} masked)" if (masks := sum(map(bool, request.masks))) else ""
        return (
            f"learning {code(f'<{request.name}>')} ({escaped(request.class_noun)}) from "
            f"{count} picture{'s' if count != 1 else ''}{masked}{base if request.parents else ''}"
        )
    if isinstance(request, ImportRequest | FuseRequest):
        return _put_together(request)
    if isinstance(request, ExportRequest):
        return f"writing {code(request.concept.token)} v{request.number} for {request.form.value}"
    if isinstance(request, EvaluateRequest):
        return f"{evaluated(request)} on {request.drawn} images"
    return "a voice message"


def _put_together(request: ImportRequest | FuseRequest) -> str:
    """A version that is made of what there is already."""
    token = code(f"<{request.name}>")
    if isinstance(request, FuseRequest):
        return f"fusing {listed([code(part.token) for part in request.parts])} into {token}"
    return f"taking in {token} ({escaped(request.class_noun)}) from {code(request.file_name, 60)}"


def evaluated(request: EvaluateRequest) -> str:
    """What an evaluation is about."""
    if request.purpose is Purpose.CONCEPT:
        return f"evaluating {code(request.stack[0].token)}"
    doing = {
        Purpose.STACK: "evaluating",
        Purpose.SEEDS: "searching seeds for",
        Purpose.BLIND: "a blind sheet of",
        Purpose.SOLO: "each concept alone in",
        Purpose.VERSIONS: "comparing versions in",
    }[request.purpose]
    return f"{doing} {escaped('; '.join(request.prompts), 200)}"


def failed(job: Job) -> Card:
    """Why a job could not be done, with a way to try again where that makes sense."""
    text = f"**#{job.id}** could not be done. {escaped(job.error or '', 1500)}\n> {subject(job)}"
    return Card(content=text, rows=again(job))


def jobs(mine: Sequence[tuple[Job, int, float | None]]) -> Card:
    """A person's jobs, each with its position and estimate; up to five can be cancelled here."""
    if not mine:
        return Card(content="You have no jobs yet. Try `/imagine` or `/train`.")
    lines = [
        f"{headline(job, position=position, eta_s=eta_s)}\n> {subject(job)}"
        for job, position, eta_s in mine[:LISTED_MAX]
    ]
    alive = [job for job, _, _ in mine if not job.state.ended][:5]
    row = tuple(Button(f"Cancel #{job.id}", "cancel", job.id) for job in alive)
    return Card(embed=embed("\n".join(lines)[:4000], title="Your jobs"), rows=(row,) if row else ())


def _stops(job: Job) -> Row:
    """What stops a job; a training that has learned something can be ended with it."""
    cancel = Button("Cancel", "cancel", job.id)
    if not can_end_early(job):
        return (cancel,)
    return (Button("Stop and keep", "endearly", job.id, emoji="💾"), cancel)


def can_end_early(job: Job) -> bool:
    """It is a training that has learned something, and nobody has asked for that yet."""
    is_training = isinstance(job.request, TrainRequest) and not job.request.ends_early
    learned = job.progress is not None and job.progress.has_learned
    return is_training and learned and job.state is JobState.RUNNING


def _running(job: Job) -> tuple[str, str]:
    progress = job.progress
    if progress is None or progress.total <= 0:
        return VERBS[job.kind], ""
    share = min(1.0, progress.done / progress.total)
    note = escaped(progress.note, 60) or VERBS[job.kind]
    return note, f"{bar(progress.done, progress.total)} {share:.0%}"
