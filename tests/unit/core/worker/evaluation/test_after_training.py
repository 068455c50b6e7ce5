"""What follows a training: scores for its version, and nothing that could lose it."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from core.dispatch.messages import Failed, Trained
from core.domain.concepts import ConceptKind
from core.domain.evaluation import USUAL_SEEDS, Waypoint, after_training
from core.domain.jobs import Progress
from core.domain.recipes import Choice
from core.domain.requests import Recipe, TrainRequest
from core.errors import ModelFault
from core.pocket.concepts import XYZ, pictures
from core.worker.evaluation.after_training import NOTE, and_evaluated
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.evaluator import Evaluator
from core.worker.evaluation.waypoints import watched
from core.worker.imagine import png
from core.worker.ticket import Stopped, Ticket
from core.worker.training.finished import strip


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
def trained(make_concept, storage):
    """Previews that become the pictures of <xyz>; the version's samples are those, too."""
    artifact = make_concept("own", seed=3).artifact
    own, others = pictures(XYZ, 4), [Image.new("RGB", (64, 64), c) for c in ("red", "blue", "navy")]
    samples = [one for pair in zip(others, own[1:], strict=True) for one in pair]
    previews = ((0, others[:2]), (100, [others[0], own[1]]), (200, own[1:3]))
    return Trained(
        1,
        1,
        artifact,
        tuple(storage.put(png(one)) for one in samples),
        model="pocket",
        recipe=Recipe(),
        parents=(),
        seconds=9,
        previews=tuple((step, storage.put(png(strip(both)))) for step, both in previews),
    )


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
    """Four prompts on four seeds, with, without and for drift; the preview stays in sight."""
    ended, pauses = run(and_evaluated(training(trained, ticket), evaluator, request_, ticket))
    assert pauses == 2 + 12
    assert (ended.artifact, ended.seconds) == (trained.artifact, trained.seconds)
    assert (ended.scores.prompts, ended.scores.seeds) == (4, len(USUAL_SEEDS))
    assert ended.scores.likeness[0].name == "own"
    assert [one.step for one in ended.course] == [0, 100, 200, 300]
    assert ended.scores.drift is not None
    assert told[-1].progress.note.startswith(NOTE)
    assert told[-1].progress.preview == "a preview"


def test_scores_are_those_that_a_person_would_be_told(evaluator, request_, trained, ticket):
    """The same as `/evaluate concept` finds, and its images: of the concept alone, whatever it was
    taught on top of."""
    based = request_.model_copy(update={"parents": (no_such_parent(request_, trained),)})
    ended, _ = run(and_evaluated(training(trained, ticket), evaluator, based, ticket))
    asked = after_training(request_, trained.artifact)
    theirs = run(evaluator.run(asked, ticket))[0]
    assert ended.scores == theirs.report.scores
    assert [one.key for one in ended.images] == [one.key for one in theirs.images]
    assert {len(one.manifest.request.stack) for one in ended.images} == {0, 1}


def no_such_parent(request, trained):
    """One that cannot be loaded, so that nothing is drawn with it."""
    return (
        after_training(request, trained.artifact)
        .stack[0]
        .model_copy(update={"name": "gone", "artifact": "ab" * 32})
    )


def test_parents_are_scored_beside_what_was_taught_on_top(
    evaluator, request_, trained, make_concept, ticket, monkeypatch
):
    """Together, the parent alone, and neither, on one sentence that names both and the same seeds;
    one without pictures is left out."""
    asked = []
    full = evaluator.imaginer.slices

    def noted(wish, ticket):
        asked.append((wish.prompt, len(wish.stack), wish.seeds))
        return full(wish, ticket)

    monkeypatch.setattr(evaluator.imaginer, "slices", noted)
    parents = (make_concept("kar", seed=5), make_concept("far", seed=6))
    shown = (request_.pictures[:2], ())
    based = request_.model_copy(update={"parents": parents, "parents_pictures": shown})
    ended, pauses = run(and_evaluated(training(trained, ticket), evaluator, based, ticket))
    assert pauses == 2 + 12 + 3
    noun = parents[0].class_noun
    assert asked[-3:] == [
        (f"<own> house, a photo of a <kar> {noun}", 2, USUAL_SEEDS),
        (f"house, a photo of a <kar> {noun}", 1, USUAL_SEEDS),
        (f"house, a photo of a {noun}", 0, USUAL_SEEDS),
    ]
    (kar,) = ended.scores.parents
    assert kar.name == "kar"
    assert kar.fidelity.ceiling is not None
    assert kar.fidelity.raw.low < kar.fidelity.raw.value < kar.fidelity.raw.high


def test_a_style_s_scores_tell_nothing_of_drift(evaluator, request_, trained, ticket):
    """It lies over every picture, so eight images fewer are drawn."""
    style = request_.model_copy(update={"concept_kind": ConceptKind.STYLE})
    ended, pauses = run(and_evaluated(training(trained, ticket), evaluator, style, ticket))
    assert pauses == 2 + 8
    assert (ended.scores.drift, len(ended.scores.likeness)) == (None, 1)


def test_a_training_that_failed_is_not_evaluated(evaluator, request_, ticket):
    """Its end is passed on as it is."""
    failed = Failed(1, 1, "no", users_fault=True)
    assert run(and_evaluated(training(failed, ticket), evaluator, request_, ticket)) == (failed, 2)


def test_what_was_learned_outlives_a_broken_scoring_model(
    evaluator, request_, trained, ticket, monkeypatch
):
    """Only what its samples tell then, and the version; the same where the embedded CLIP does not
    fit the model."""

    def broken(_):
        raise ModelFault("no such folder")

    monkeypatch.setattr(evaluator.scorer, "pictures", broken)
    ended, _ = run(and_evaluated(training(trained, ticket), evaluator, request_, ticket))
    assert replace(ended, scores=None) == trained
    monkeypatch.setattr(evaluator.scorer, "fits", lambda _: False)
    assert run(and_evaluated(training(trained, ticket), evaluator, request_, ticket)) == (ended, 2)
    assert (ended.scores.scorer, ended.scores.images, ended.scores.alignment) == ("", 3, None)


def test_copies_are_told_where_nothing_can_be_scored(
    evaluator, request_, trained, storage, ticket, monkeypatch
):
    """By the samples that are there: fresh ones are none, and training pictures over again are."""
    monkeypatch.setattr(evaluator.scorer, "fits", lambda _: False)
    copied = tuple(
        key for pair in zip(trained.samples[::2], request_.pictures, strict=True) for key in pair
    )
    found = [
        run(and_evaluated(training(one, ticket), evaluator, request_, ticket))[0].scores
        for one in (replace(trained, samples=copied), fresh(trained, storage))
    ]
    assert [one.copies for one in found] == [3, 0]


def fresh(trained, storage):
    """The version with samples that show its look anew."""
    own = [storage.put(png(one)) for one in pictures(XYZ, 7)[4:]]
    pairs = zip(trained.samples[::2], own, strict=True)
    return replace(trained, samples=tuple(key for pair in pairs for key in pair))


def test_previews_are_scored_between_the_plain_class_and_the_pictures(
    evaluator, request_, trained, storage
):
    """0 as long as they are those without the concept; the version has its own samples' scores."""
    course = watched(evaluator, request_, trained)
    assert [(one.step, one.kept) for one in course] == [
        (0, False),
        (100, False),
        (200, False),
        (300, True),
    ]
    first, middle, last, version = course
    assert first.likeness == pytest.approx(0, abs=1e-4)
    assert first.alignment == pytest.approx(1, abs=1e-4)
    assert first.likeness < middle.likeness < last.likeness
    assert (version.likeness, version.alignment) == (last.likeness, last.alignment)


def test_errors_of_the_choice_stay_beside_the_scores(evaluator, request_, trained):
    """One point a step, in order; a step that was not shown has its error alone."""
    choice = Choice(step=200, ran=300, error=0.1, error_last=0.2)
    told = replace(
        trained,
        recipe=Recipe(choice=choice),
        course=(Waypoint(step=150, error=0.15), Waypoint(step=200, error=0.1, kept=True)),
        previews=trained.previews[:1],
    )
    course = watched(evaluator, request_, told)
    assert [(one.step, one.error, one.likeness is None) for one in course] == [
        (0, None, False),
        (150, 0.15, True),
        (200, 0.1, False),
    ]


def test_a_preview_that_is_gone_is_left_out(evaluator, request_, trained):
    """What is there still is scored as before."""
    told = replace(trained, previews=((0, "ab" * 32), *trained.previews[1:]))
    course = watched(evaluator, request_, told)
    assert course == watched(evaluator, request_, trained)[1:]


def test_a_full_stack_underneath_is_no_hindrance(
    evaluator, request_, trained, make_concept, ticket
):
    """Six concepts and one on top are more than an image takes; it is drawn alone."""
    under = tuple(make_concept(f"under{index}", seed=index) for index in range(6))
    full = request_.model_copy(update={"parents": under})
    ended, pauses = run(and_evaluated(training(trained, ticket), evaluator, full, ticket))
    assert (ended.scores.scorer, ended.scores.parents, pauses) == ("pocket", (), 2 + 12)


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
