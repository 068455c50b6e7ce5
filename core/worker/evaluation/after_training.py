"""A small evaluation at the end of a training: its scores go onto the new version."""

from collections.abc import Generator
from dataclasses import replace

from PIL import Image

from core.dispatch.messages import Trained
from core.domain.concepts import StackEntry
from core.domain.evaluation import Likeness, after_training, spelled_plainly
from core.domain.requests import TrainRequest
from core.errors import ModelFault, UserError
from core.storage import Storage
from core.worker.evaluation.drawing import SheetDrawer, pictures_of
from core.worker.evaluation.evaluator import Evaluator
from core.worker.evaluation.scores import Drawn, likeness, score_copies
from core.worker.evaluation.waypoints import watched
from core.worker.loop import Slices
from core.worker.ticket import Ticket
from core.worker.training.captions import plain_caption
from core.worker.training.dataset import open_pictures

NOTE = "looking at what was learned"
ROWS_OF_A_PARENT = 3
"""Together with the new concept, alone, and in plain words."""


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
    if not evaluator.scorer.fits(evaluator.base.family):
        return _looked_through(evaluator.storage, request, trained)
    try:
        scored = yield from _scored(evaluator, request, trained, ticket)
        return replace(scored, course=watched(evaluator, request, trained))
    except (ModelFault, UserError):
        return _looked_through(evaluator.storage, request, trained)


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


def _scored(
    evaluator: Evaluator, request: TrainRequest, trained: Trained, ticket: Ticket
) -> Generator[None, None, Trained]:
    """With what `/evaluate concept` would find of it, and how its parents fare beside it."""
    question = after_training(request, trained.artifact)
    (taught,) = question.stack
    parents = _with_pictures(request)
    total = question.drawn + ROWS_OF_A_PARENT * len(parents) * len(question.seeds)
    sheet = evaluator.sheet(total, NOTE)
    report, images = yield from evaluator.found(question, ticket, sheet)
    beside: list[Likeness] = []
    for parent, keys in parents:
        drawn = yield from _together(sheet, parent, taught, question.seeds, ticket)
        shown = {parent.name: open_pictures(evaluator.storage, keys)}
        beside.append(likeness(evaluator.scorer, replace(drawn, pictures=shown), parent.name))
    scores = report.scores and report.scores.model_copy(update={"parents": tuple(beside)})
    return replace(trained, scores=scores, images=images)


def _with_pictures(request: TrainRequest) -> list[tuple[StackEntry, tuple[str, ...]]]:
    """The parents that can be held to pictures."""
    pairs = zip(request.parents, request.parents_pictures, strict=False)
    return [(parent, keys) for parent, keys in pairs if keys]


def _together(
    sheet: SheetDrawer,
    parent: StackEntry,
    taught: StackEntry,
    seeds: tuple[int, ...],
    ticket: Ticket,
) -> Generator[None, None, Drawn]:
    """A parent's own prompt with what was taught on top of it in front, as `/imagine` writes what
    is in `concepts`: both at work, the parent alone, and neither.
    """
    both = f"{taught.phrase}, {plain_caption(parent.kind, parent.phrase)}"
    alone = spelled_plainly(both, {taught.name: taught.class_noun})
    plain = spelled_plainly(alone, {parent.name: parent.class_noun})
    rows: list[list[list[Image.Image]]] = []
    for prompt, stack in ((both, (parent, taught)), (alone, (parent,)), (plain, ())):
        rows.append(pictures_of((yield from sheet.rows((prompt,), seeds, stack, ticket))))
    samples, alone_rows, plain_rows = rows
    return Drawn((plain,), samples, plain_rows, {}, alone={parent.name: alone_rows})
