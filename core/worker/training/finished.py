"""The end of a train job: its samples, its answer, and the steps that can be chosen later."""

from collections.abc import Callable, Generator, Mapping

from PIL import Image

from core.dispatch.messages import Trained
from core.domain.evaluation import Waypoint
from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.learned import Learned, remember
from core.worker.samples import samples_of
from core.worker.ticket import Ticket
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.dataset import open_pictures
from core.worker.training.tools import Tools

PREVIEW_SEEDS = (11, 12)
"""The first of the samples' own."""


def trained(
    tools: Tools,
    request: TrainRequest,
    recipe: Recipe,
    artifact: str,
    ticket: Ticket,
    *,
    seconds: Callable[[], float],
    course: tuple[Waypoint, ...] = (),
    previews: Mapping[int, str] | None = None,
) -> Generator[None, None, Trained]:
    """The slices of the samples of a new version, and then the answer; `seconds` is asked last.

    Raises:
        UserError: they cannot be drawn.
        Stopped: the job was cancelled on the way, or put down.
    """
    shown = yield from samples_of(tools.imaginer, request, artifact, request.phrase, ticket)
    return Trained(
        ticket.job_id,
        ticket.attempt,
        artifact=artifact,
        samples=shown,
        model=tools.base.name,
        weights=tools.base.weights,
        recipe=recipe,
        parents=request.parents,
        seconds=seconds(),
        course=course,
        previews=tuple(sorted((previews or {}).items())),
    )


def remember_steps(tools: Tools, saved: Checkpoint, answer: Trained) -> None:
    """Lets a person look at the steps that were put by, and at the kept one beside them."""
    artifacts = {step: key for step, (key, _) in saved.learned.items()}
    of_kept = open_pictures(tools.storage, answer.samples[1::2])[: len(PREVIEW_SEEDS)]
    kept_one = {answer.recipe.kept_step: tools.keep(strip(of_kept))}
    remember(tools.storage, answer.artifact, Learned(artifacts, kept_one | saved.previews))


def strip(pictures: list[Image.Image]) -> Image.Image:
    """Pictures of one size side by side."""
    width_px, height_px = pictures[0].size
    joined = Image.new("RGB", (width_px * len(pictures), height_px))
    for index, picture in enumerate(pictures):
        joined.paste(picture, (index * width_px, 0))
    return joined
