"""What the previews of a training are worth: pictures that are there already, scored afterwards."""

from collections.abc import Mapping, Sequence

from PIL import Image

from core.dispatch.messages import Trained
from core.domain.evaluation import Estimate, Measure, Waypoint
from core.domain.requests import TrainRequest
from core.worker.evaluation import metrics
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.evaluator import Evaluator
from core.worker.training.captions import plain_caption
from core.worker.training.dataset import open_pictures

Pictures = Sequence[Image.Image]


def watched(evaluator: Evaluator, request: TrainRequest, trained: Trained) -> tuple[Waypoint, ...]:
    """A training's checkpoints with the scores of its previews; the version itself among them.

    A preview that is not there any more is left out.

    Raises:
        ModelFault: the scoring model cannot be loaded.
    """
    storage = evaluator.storage
    there = [(step, key) for step, key in trained.previews if storage.exists(key)]
    drawn = {step: unstrung(open_pictures(storage, [key])[0]) for step, key in there}
    samples = open_pictures(storage, trained.samples)
    seeds = max(map(len, drawn.values()), default=len(samples) // 2)
    kept_step = trained.recipe.kept_step
    ruler = _Ruler(
        evaluator.scorer,
        open_pictures(storage, request.pictures),
        without=samples[::2][:seeds],
        text=plain_caption(request.concept_kind, request.class_noun),
    )
    course = {one.step: one for one in trained.course}
    for step, pictures in (drawn | {kept_step: samples[1::2][:seeds]}).items():
        known = course.get(step, Waypoint(step=step, kept=step == kept_step))
        course[step] = known.model_copy(update=ruler.of(pictures))
    return tuple(course[step] for step in sorted(course))


def unstrung(strip: Image.Image) -> list[Image.Image]:
    """The squares that lie side by side in a preview."""
    side = strip.height
    return [strip.crop((x, 0, x + side, side)) for x in range(0, strip.width - side + 1, side)]


class _Ruler:
    """Both scales of one training: from the plain class to what was aimed at."""

    def __init__(self, scorer: Scorer, taught: Pictures, *, without: Pictures, text: str) -> None:
        self._scorer = scorer
        self._taught = scorer.looks(taught)
        self._text = scorer.texts([text])
        self._floor = float(metrics.fidelity(scorer.looks(without), self._taught).mean())
        self._ceiling = metrics.among(self._taught)
        self._plain = self._aligned(without)

    def of(self, pictures: Pictures) -> Mapping[str, float | None]:
        """Likeness and alignment of some pictures, 0 to 1 each."""
        fidelity = float(metrics.fidelity(self._scorer.looks(pictures), self._taught).mean())
        return {
            "likeness": _share(fidelity, self._floor, self._ceiling),
            "alignment": _share(self._aligned(pictures), 0.0, self._plain),
        }

    def _aligned(self, pictures: Pictures) -> float:
        return float((self._scorer.pictures(pictures) @ self._text.T).mean())


def _share(value: float, floor: float, ceiling: float | None) -> float | None:
    share = Measure(raw=Estimate(value=value), floor=floor, ceiling=ceiling).share
    return None if share is None else share.value
