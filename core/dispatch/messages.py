"""What dispatcher and worker say to each other.

Frozen, picklable values. They carry storage keys, never tensors, pictures or secrets.
"""

from dataclasses import dataclass

from core.domain.concepts import Origin, StackEntry
from core.domain.evaluation import Report, Scores, Waypoint
from core.domain.exports import ExportedFile
from core.domain.fusion import Fusion
from core.domain.images import Manifest
from core.domain.jobs import Progress
from core.domain.recipes import Recipe
from core.domain.requests import Request
from core.domain.speech import Segment


@dataclass(frozen=True, slots=True)
class Run:
    """To the worker: do this job. `attempt` comes back in every answer about it."""

    job_id: int
    attempt: int
    request: Request
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """To the worker: stop this job at the next step and answer `Cancelled`."""

    job_id: int


@dataclass(frozen=True, slots=True)
class EndEarly:
    """To the worker: end this training after its next step with what it has learned.

    Before its first step that is nothing, and the answer is `Cancelled`.
    """

    job_id: int


@dataclass(frozen=True, slots=True)
class Drain:
    """To the worker: checkpoint what runs, answer `Released` for each job, then exit."""


ToWorker = Run | Cancel | EndEarly | Drain


@dataclass(frozen=True, slots=True)
class Ready:
    """From the worker: models are loaded; what they are."""

    model: str
    family: str
    """`pocket`, `sd1`, `sd2` or `sdxl`."""
    native_px: int
    device: str
    dtype: str
    speech_model: str
    languages: tuple[str, ...]
    imagine_jobs: int = 1
    """How many imagine jobs it takes at once; of any other kind it takes one."""
    weights: str = ""
    """SHA-256 of the base model's UNet."""


@dataclass(frozen=True, slots=True)
class Broken:
    """From the worker, in place of `Ready`: it cannot start, and why, for the operator."""

    text: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """From the worker: a job went on."""

    job_id: int
    attempt: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """From the worker: a training run can go on from this blob."""

    job_id: int
    attempt: int
    key: str


@dataclass(frozen=True, slots=True)
class MadeImage:
    """One finished picture: storage key of its PNG, sizes in pixels, and its manifest."""

    key: str
    width_px: int
    height_px: int
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Imagined:
    """From the worker: all images of a job."""

    job_id: int
    attempt: int
    images: tuple[MadeImage, ...]
    seconds: float
    """Of the worker's time, which jobs that are drawn together share out among themselves."""


@dataclass(frozen=True, slots=True)
class Trained:
    """From the worker: a concept's new version."""

    job_id: int
    attempt: int
    artifact: str
    samples: tuple[str, ...]
    """Storage keys: the same seeds without and with the concept, alternating."""
    model: str
    recipe: Recipe
    """As it was run, nothing left open."""
    parents: tuple[StackEntry, ...]
    seconds: float
    """All attempts together."""
    weights: str = ""
    """SHA-256 of the base model's UNet."""
    scores: Scores | None = None
    """Of a small evaluation at its end, where there was one."""
    family: str = ""
    """Of base models."""
    sketch: str = ""
    """What it changes in the weights, for `core.domain.overlap`."""
    course: tuple[Waypoint, ...] = ()
    """What was measured at its checkpoints, by step."""
    images: tuple[MadeImage, ...] = ()
    """Those that were scored, as an evaluation of the version alone has them."""
    previews: tuple[tuple[int, str], ...] = ()
    """Step and storage key of each preview: the first seeds of `samples`, side by side."""


@dataclass(frozen=True, slots=True)
class Transcribed:
    """From the worker: what a voice message says."""

    job_id: int
    attempt: int
    language: str
    segments: tuple[Segment, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Imported:
    """From the worker: a file of another tool, checked and taken in as a concept's new version."""

    job_id: int
    attempt: int
    artifact: str
    samples: tuple[str, ...]
    """Storage keys: the same seeds without and with the concept, alternating."""
    model: str
    origin: Origin
    seconds: float
    weights: str = ""
    """SHA-256 of the base model's UNet."""
    family: str = ""
    """Of base models."""
    sketch: str = ""
    """What it changes in the weights, for `core.domain.overlap`."""


@dataclass(frozen=True, slots=True)
class Fused:
    """From the worker: the concepts of a stack as one version."""

    job_id: int
    attempt: int
    artifact: str
    samples: tuple[str, ...]
    """Storage keys: the same seeds without and with the concepts, alternating."""
    model: str
    fusion: Fusion
    seconds: float
    weights: str = ""
    """SHA-256 of the base model's UNet."""
    family: str = ""
    """Of base models."""
    sketch: str = ""
    """What it changes in the weights, for `core.domain.overlap`."""


@dataclass(frozen=True, slots=True)
class Exported:
    """From the worker: files that other tools read."""

    job_id: int
    attempt: int
    files: tuple[ExportedFile, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    """From the worker: what images of a concept or a stack are worth."""

    job_id: int
    attempt: int
    report: Report
    images: tuple[MadeImage, ...]
    """By prompt and seed; best first in a search for seeds, in chance order on a blind sheet."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """From the worker: the job cannot be done.

    `text` is a sentence for the person when `users_fault`, else a cause for the job's history.
    """

    job_id: int
    attempt: int
    text: str
    users_fault: bool
    traceback: tuple[str, ...] = ()
    """Types and places for the log: `text` may quote what the person wrote."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """From the worker: the job was stopped as asked."""

    job_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Released:
    """From the worker: the job was put down while draining and can be run again."""

    job_id: int
    attempt: int


Ended = (
    Imagined
    | Trained
    | Transcribed
    | Imported
    | Fused
    | Exported
    | Evaluated
    | Failed
    | Cancelled
    | Released
)
FromWorker = Ready | Broken | Progressed | Checkpointed | Ended
