"""What follows a training: scores for its version, and nothing that could lose it."""

import pytest
import torch

from core.dispatch.messages import Failed, Trained
from core.domain.concepts import ConceptKind
from core.domain.jobs import Progress
from core.domain.requests import Recipe, TrainRequest
from core.errors import ModelFault
from core.pocket.concepts import XYZ, pictures
from core.worker.evaluation.after_training import NOTE, SEEDS, and_evaluated
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.evaluator import Evaluator
from core.worker.imagine import png
from core.worker.ticket import Stopped, Ticket


@pytest.fixture
def evaluator(base, imaginer, storage, monkeypatch):
    full = imaginer.resolve
    monkeypatch.setattr(
        imaginer,
        "resolve",
        lambda wish: full(wish.model_copy(update={"num_inference_steps": 1})),
    )
    scorer = Scorer("pocket", device=torch.device("cpu"))
    return Evaluator(base, imaginer, storage, scorer)


@pytest.fixture(scope="module")
def request_(storage):
    return TrainRequest(
        concept_id=1,
        name="own",
        class_noun="house",
        concept_kind=ConceptKind.SUBJECT,
        pictures=tuple(storage.put(png(picture)) for picture in pictures(XYZ, 3)),
        seed=3,
    )


@pytest.fixture(scope="module")
def trained(make_concept):
    artifact = make_concept("own", seed=3).artifact
    return Trained(1, 1, artifact, (), model="pocket", recipe=Recipe(), parents=(), seconds=9)


def training(ended, ticket):
    """A training of two slices that shows a preview."""
    ticket.progress(Progress(1, 2, "learning", "a preview"))
    yield
    yield
    return ended


def run(slices):
    """The answer, and how many pauses there were before it."""
    pauses = 0
    while True:
        try:
            next(slices)
        except StopIteration as finished:
            return finished.value, pauses
        pauses += 1


def test_a_training_ends_with_scores(evaluator, request_, trained, ticket, told):
    """Four prompts on two seeds, with, without and for drift; the preview stays in sight."""
    ended, pauses = run(and_evaluated(training(trained, ticket), evaluator, request_, ticket))
    assert pauses == 2 + 12
    assert (ended.artifact, ended.seconds) == (trained.artifact, trained.seconds)
    assert (ended.scores.prompts, ended.scores.seeds) == (4, len(SEEDS))
    assert ended.scores.likeness[0].name == "own"
    assert ended.scores.drift is not None
    assert told[-1].progress.note.startswith(NOTE)
    assert told[-1].progress.preview == "a preview"


def test_a_training_that_failed_is_not_evaluated(evaluator, request_, ticket):
    """Its end is passed on as it is."""
    failed = Failed(1, 1, "no", users_fault=True)
    assert run(and_evaluated(training(failed, ticket), evaluator, request_, ticket)) == (failed, 2)


def test_what_was_learned_outlives_a_broken_scoring_model(
    evaluator, request_, trained, ticket, monkeypatch
):
    """No scores then, but the version; the same where the embedded CLIP does not fit."""

    def broken(_):
        raise ModelFault("no such folder")

    monkeypatch.setattr(evaluator.scorer, "pictures", broken)
    assert run(and_evaluated(training(trained, ticket), evaluator, request_, ticket))[0] == trained
    monkeypatch.setattr(evaluator.scorer, "fits", lambda _: False)
    assert run(and_evaluated(training(trained, ticket), evaluator, request_, ticket)) == (
        trained,
        2,
    )


def test_it_is_left_out_where_no_stack_has_room(evaluator, request_, trained, make_concept, ticket):
    """Six concepts underneath and one on top are more than an image takes."""
    under = tuple(make_concept(f"under{index}", seed=index) for index in range(6))
    full = request_.model_copy(update={"parents": under})
    assert run(and_evaluated(training(trained, ticket), evaluator, full, ticket)) == (trained, 2)


def test_a_drain_in_the_middle_puts_the_job_down(evaluator, request_, trained, told):
    """The training's last checkpoint is where the next attempt goes on."""
    stop = []
    ticket = Ticket(1, 1, told.append, lambda: False, lambda: bool(stop))
    slices = and_evaluated(training(trained, ticket), evaluator, request_, ticket)
    for _ in range(4):
        next(slices)
    stop.append(True)
    with pytest.raises(Stopped):
        next(slices)
