"""A small evaluation at the end of a training: its scores go onto the new version."""

from collections.abc import Generator
from dataclasses import replace

from core.dispatch.messages import Trained
from core.domain.evaluation import Scores, evaluation_prompts, spelled_plainly
from core.domain.requests import STACK_MAX, TrainRequest
from core.errors import ModelFault, UserError
from core.storage import Storage
from core.worker.evaluation.drawing import SheetDrawer, pictures_of
from core.worker.evaluation.evaluator import Evaluator
from core.worker.evaluation.scores import Drawn, nouns_seen, score, score_copies
from core.worker.evaluation.waypoints import watched
from core.worker.loop import Slices
from core.worker.samples import entry_of
from core.worker.ticket import Ticket
from core.worker.training.captions import plain_caption
from core.worker.training.dataset import open_pictures

SEEDS = (50, 51)
"""Twenty-four images in all: some ten seconds with the pocket models."""
NOTE = "looking at what was learned"


def and_evaluated(
    training: Slices, evaluator: Evaluator, request: TrainRequest, ticket: Ticket
) -> Slices:
    """The slices of a training, and behind them those of its evaluation.

    What was learned is never lost to it: where it cannot be scored, its samples tell at least
    whether it copies its pictures.

    Raises:
        Stopped: the job was cancelled, or put down; the training's last checkpoint is there.
    """
    trained = yield from training
    if not isinstance(trained, Trained):
        return trained
    if not _can_be_scored(evaluator, request):
        return _looked_through(evaluator.storage, request, trained)
    try:
        scores = yield from _scores(evaluator, request, trained, ticket)
        course = watched(evaluator, request, trained)
    except (ModelFault, UserError):
        return _looked_through(evaluator.storage, request, trained)
    return replace(trained, scores=scores, course=course)


def _can_be_scored(evaluator: Evaluator, request: TrainRequest) -> bool:
    """There is a CLIP that knows such images, and one can be drawn with one concept more."""
    return evaluator.scorer.fits(evaluator.base.family) and len(request.parents) < STACK_MAX


def _looked_through(storage: Storage, request: TrainRequest, trained: Trained) -> Trained:
    """With what the samples that are there tell without any model."""
    samples = open_pictures(storage, trained.samples)
    drawn = Drawn(
        prompts=(plain_caption(request.concept_kind, request.class_noun),),
        samples=[samples[1::2]],
        plain=[samples[::2]],
        pictures={request.name: open_pictures(storage, request.pictures)},
    )
    return replace(trained, scores=score_copies(drawn))


def _scores(
    evaluator: Evaluator, request: TrainRequest, trained: Trained, ticket: Ticket
) -> Generator[None, None, Scores]:
    taught = entry_of(request, trained.artifact)
    under, over = request.parents, (*request.parents, taught)
    prompts = evaluation_prompts(request.concept_kind, request.name, request.class_noun)
    plain = tuple(spelled_plainly(prompt, {request.name: request.class_noun}) for prompt in prompts)
    to_drift = plain if request.concept_kind.leaves_others_alone else ()
    total = len((*prompts, *plain, *to_drift)) * len(SEEDS)
    sheet = SheetDrawer(evaluator.imaginer, evaluator.storage, total=total, note=NOTE)
    samples = yield from sheet.rows(prompts, SEEDS, over, ticket)
    without = yield from sheet.rows(plain, SEEDS, under, ticket)
    drifted = yield from sheet.rows(to_drift, SEEDS, over, ticket)
    drawn = Drawn(
        prompts=plain,
        samples=pictures_of(samples),
        plain=pictures_of(without),
        pictures={request.name: open_pictures(evaluator.storage, request.pictures)},
        drifted=pictures_of(drifted),
        nouns=nouns_seen((taught,)),
    )
    return score(evaluator.scorer, drawn)
