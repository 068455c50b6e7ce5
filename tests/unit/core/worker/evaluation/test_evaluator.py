"""Evaluate jobs with the pocket models: what is drawn, how it is scored, how it stops."""

import pytest
import torch

from core.dispatch.messages import Progressed
from core.domain.concepts import ConceptKind
from core.domain.drawing import Stacking
from core.domain.jobs import JobKind
from core.domain.requests import EvaluateRequest, ImagineRequest, Purpose
from core.errors import Conflict
from core.pocket.concepts import XYZ, pictures
from core.worker.engine.studio import Studio
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.evaluator import Evaluator, best_first
from core.worker.imagine import Imaginer, png
from core.worker.shares import Turn, turn_of
from core.worker.ticket import Stopped, Ticket

CPU = torch.device("cpu")
FEW_STEPS = 2


@pytest.fixture
def evaluator(base, imaginer, storage, monkeypatch):
    """Two steps make an image, which is enough to see what is drawn."""
    hurry(imaginer, monkeypatch)
    return Evaluator(base, imaginer, storage, Scorer("pocket", device=CPU))


@pytest.fixture
def together(base, stacks, storage):
    """Draws as a worker in service does: requests of many jobs at once."""
    studio = Studio(base, stacks, images=8, adapter_bytes=64 * 2**20)
    return Imaginer(base, stacks, storage, studio)


def hurry(imaginer, monkeypatch):
    full = imaginer.resolve

    def quick(request):
        return full(request.model_copy(update={"num_inference_steps": FEW_STEPS}))

    monkeypatch.setattr(imaginer, "resolve", quick)


@pytest.fixture(scope="session")
def keys(storage):
    return tuple(storage.put(png(picture)) for picture in pictures(XYZ, 3))


def request(purpose, *entries, prompts, keys=(), **changes):
    values = {"seeds": (1, 2), "pictures": (keys,) * len(entries)} | changes
    return EvaluateRequest(purpose=purpose, prompts=prompts, stack=entries, **values)


def done(evaluator, wish, ticket):
    """The answer, and how many pauses there were before it."""
    slices, pauses = evaluator.run(wish, ticket), 0
    while True:
        try:
            next(slices)
        except StopIteration as finished:
            return finished.value, pauses
        pauses += 1


def test_a_concept_without_pictures_is_scored_on_what_needs_none(evaluator, make_concept, ticket):
    """What is asked, its class, diversity and drift; no likeness and no word on copies."""
    wish = request(Purpose.CONCEPT, make_concept("own", seed=3), prompts=("a <own> house",))
    found, _ = done(evaluator, wish, ticket)
    scores = found.report.scores
    assert (scores.likeness, scores.copied) == ((), None)
    assert [one.class_noun for one in scores.named] == ["house"]
    assert None not in (scores.alignment, scores.diversity, scores.drift)


def test_a_style_is_not_asked_to_leave_pictures_alone(evaluator, make_concept, keys, ticket, told):
    """It lies over everything: no images for that, and no figure."""
    entry = make_concept("own", seed=3).model_copy(update={"kind": ConceptKind.STYLE})
    wish = request(Purpose.CONCEPT, entry, prompts=("a cat in <own> house style",), keys=keys)
    found, pauses = done(evaluator, wish, ticket)
    assert (pauses, found.report.scores.drift) == (2, None)
    assert len(found.report.scores.likeness) == 1
    progress = [message.progress for message in told if isinstance(message, Progressed)]
    assert progress[0].total == wish.drawn == 4


def prompts_of(images):
    return [image.manifest.request.prompt for image in images]


def test_a_concept_is_drawn_with_and_without_and_scored(
    evaluator, make_concept, keys, ticket, told
):
    """Samples by prompt and seed, then one plain image a prompt; three slices a prompt."""
    entry = make_concept("own", seed=3)
    wish = request(
        Purpose.CONCEPT, entry, prompts=("a <own> house", "<own> house at night"), keys=keys
    )
    found, pauses = done(evaluator, wish, ticket)
    assert pauses == 6
    assert prompts_of(found.images) == [
        "a <own> house",
        "a <own> house",
        "<own> house at night",
        "<own> house at night",
        "a house",
        "house at night",
    ]
    assert [image.manifest.seed for image in found.images] == [1, 2, 1, 2, 1, 1]
    scores = found.report.scores
    assert (scores.prompts, scores.seeds, len(scores.likeness)) == (2, 2, 1)
    assert scores.drift.raw.value > 0
    progress = [message.progress for message in told if isinstance(message, Progressed)]
    assert progress[0].total == wish.drawn == 12


def test_an_image_is_made_again_from_its_manifest(
    evaluator, imaginer, make_concept, keys, ticket, storage
):
    """The manifest is an imagine request with nothing left open."""
    entry = make_concept("own", seed=3)
    wish = request(Purpose.CONCEPT, entry, prompts=("a <own> house",), keys=keys)
    image = done(evaluator, wish, ticket)[0].images[1]
    made = imaginer.run(image.manifest.request, ticket)
    assert made.images[image.manifest.index].key == image.key


def test_a_stack_is_held_to_each_concept_alone(evaluator, make_concept, keys, ticket):
    """The same seeds plain, and with one concept at a time."""
    own, other = make_concept("own", seed=3), make_concept("other", seed=4)
    wish = request(
        Purpose.STACK, own, other, prompts=("a <own> house in <other> house",), keys=keys
    )
    found, _ = done(evaluator, wish, ticket)
    assert prompts_of(found.images)[2:] == [
        "a house in house",
        "a <own> house in house",
        "a house in <other> house",
    ]
    assert [one.name for one in found.report.scores.likeness] == ["own", "other"]
    assert found.report.scores.asked is None


@pytest.mark.parametrize("stacking", Stacking)
def test_images_are_drawn_as_they_were_asked_for(evaluator, make_concept, keys, ticket, stacking):
    """The way of stacking and what must not be seen, in every image; where a concept is not at work
    its class noun stands there too."""
    own, other = make_concept("own", seed=3), make_concept("other", seed=4)
    wish = request(
        Purpose.STACK,
        *(own, other),
        prompts=("a <own> house, a <other> house",),
        keys=keys,
        stacking=stacking,
        negative_prompt="a <own> house at night",
    )
    found, _ = done(evaluator, wish, ticket)
    drawn = [image.manifest.request for image in found.images]
    assert {one.stacking for one in drawn} == {stacking}
    assert [(len(one.stack), one.negative_prompt) for one in drawn] == [
        (2, "a <own> house at night"),
        (2, "a <own> house at night"),
        (0, "a house at night"),
        (1, "a <own> house at night"),
        (1, "a house at night"),
    ]


def test_what_is_named_in_each_image_is_told(evaluator, make_concept, keys, ticket):
    """One of the classes for each, and as many of its own as the share says."""
    wish = request(
        Purpose.CONCEPT, make_concept("own", seed=3), prompts=("a <own> house",), keys=keys
    )
    (named,) = done(evaluator, wish, ticket)[0].report.scores.named
    assert len(named.labels) == 2
    assert named.labels.count("house") == 2 * named.share.raw.value


def test_seeds_come_back_best_first(evaluator, ticket):
    """Without a concept the prompt alone ranks them; every seed has its figures."""
    wish = request(Purpose.SEEDS, prompts=("a red star at night",), seeds=(1, 2, 3, 4, 5))
    found, pauses = done(evaluator, wish, ticket)
    assert pauses == 2
    ranks = [rank.alignment for rank in found.report.ranks]
    assert ranks == sorted(ranks, reverse=True)
    assert sorted(image.manifest.seed for image in found.images) == [1, 2, 3, 4, 5]


def test_likeness_and_prompt_count_alike_in_a_rank():
    """The one that is good at both comes before those that are best at one."""
    followed = torch.tensor([0.9, 0.0, 0.8])
    kept = [torch.tensor([0.0, 0.9, 0.8])]
    assert best_first(followed, kept)[0] == 2
    assert best_first(followed, []) == [0, 2, 1]
    assert best_first(torch.ones(3), []) == [0, 1, 2]


def test_a_blind_sheet_hides_images_without_the_concept(evaluator, make_concept, ticket):
    """The same sheet for the same request, in an order that is not that of drawing."""
    entry = make_concept("own", seed=3)
    wish = request(
        Purpose.BLIND, entry, prompts=("a <own> house", "a <own> tree"), controls=(9,)
    ).model_copy(update={"seeds": (1, 2, 3)})
    images = done(evaluator, wish, ticket)[0].images
    kinds = [bool(image.manifest.request.stack) for image in images]
    assert (kinds.count(True), kinds.count(False)) == (6, 2)
    assert kinds != sorted(kinds, reverse=True)
    again = done(evaluator, wish, ticket)[0].images
    assert [image.key for image in images] == [image.key for image in again]


def test_a_scene_is_drawn_with_each_concept_alone(evaluator, make_concept, ticket, monkeypatch):
    """All with the scene's own settings on its one seed; the images differ, and none is scored."""
    own, other = make_concept("own", seed=3), make_concept("other", seed=4)
    scene = ImagineRequest(
        prompt="a <own> house, a <other> house", seeds=(5,), stack=(own, other), guidance_scale=2.5
    )
    monkeypatch.setattr(evaluator.scorer, "fits", lambda _: False)
    wish = request(Purpose.SOLO, own, other, prompts=(scene.prompt,), seeds=(5,), scene=scene)
    found, _ = done(evaluator, wish, ticket)
    assert found.report.scores is None
    assert prompts_of(found.images) == [
        "a <own> house, a house",
        "a house, a <other> house",
        scene.prompt,
        "a house, a house",
    ]
    assert len({image.key for image in found.images}) == 4
    manifests = [image.manifest for image in found.images]
    assert {(one.seed, one.request.guidance_scale) for one in manifests} == {(5, 2.5)}


def test_versions_are_drawn_on_the_same_seeds(evaluator, make_concept, ticket, monkeypatch):
    """All of the first, then all of the second; nothing is scored, and they differ."""
    old, new = (
        make_concept("own", seed=seed).model_copy(update={"concept_id": 1, "version_id": seed})
        for seed in (3, 4)
    )
    scene = ImagineRequest(prompt="a <own> house", seeds=(5, 6), stack=(new,))
    monkeypatch.setattr(evaluator.scorer, "fits", lambda _: False)
    wish = request(Purpose.VERSIONS, old, new, prompts=(scene.prompt,), scene=scene)
    wish = wish.model_copy(update={"seeds": scene.seeds})
    found, _ = done(evaluator, wish, ticket)
    assert found.report.scores is None
    drawn = [(one.manifest.request.stack[0].version_id, one.manifest.seed) for one in found.images]
    assert drawn == [(3, 5), (3, 6), (4, 5), (4, 6)]
    assert len({image.key for image in found.images}) == 4


def test_it_stops_between_steps_when_told_to(evaluator, make_concept, told):
    """Cancelled or draining: nothing more is drawn, and it can begin anew."""
    stop = []
    ticket = Ticket(1, 1, told.append, lambda: bool(stop), lambda: False)
    entry = make_concept("own", seed=3)
    wish = request(Purpose.BLIND, entry, prompts=("a <own> house",), seeds=tuple(range(6)))
    slices = evaluator.run(wish, ticket)
    next(slices)
    stop.append(True)
    with pytest.raises(Stopped):
        next(slices)


def test_what_is_drawn_between_slices_is_not_changed(evaluator, imaginer, make_concept, ticket):
    """What is drawn in between is drawn as if nothing was being evaluated."""
    wish = request(Purpose.BLIND, make_concept("own", seed=3), prompts=("a <own> house",))
    plain = imaginer.resolve(wish_for("a house"))
    before = imaginer.run(plain, ticket)
    slices = evaluator.run(wish, ticket)
    next(slices)
    between = imaginer.run(plain, ticket)
    assert between.images[0].key == before.images[0].key


def test_a_stack_is_drawn_as_people_see_it(
    base, together, storage, make_concept, ticket, told, monkeypatch
):
    """Kept apart and in the engine, bit for bit what `/imagine` makes of it, a step a slice."""
    hurry(together, monkeypatch)
    evaluator = Evaluator(base, together, storage, Scorer("pocket", device=CPU))
    own, other = make_concept("own", seed=3), make_concept("other", seed=4)
    wish = request(Purpose.BLIND, own, other, prompts=("a <own> house and a <other> house",))
    found, pauses = done(evaluator, wish, ticket)
    assert pauses >= FEW_STEPS
    assert {message.progress.total for message in told} == {2}
    asked = found.images[0].manifest.request
    assert (asked.stacking, asked.exact) == (Stacking.APART, True)
    theirs = together.run(asked.model_copy(update={"num_inference_steps": None}), ticket)
    assert [image.key for image in theirs.images] == sorted_by_seed(found.images)
    added_up = together.run(asked.model_copy(update={"stacking": Stacking.SUM}), ticket)
    assert {image.key for image in added_up.images}.isdisjoint(sorted_by_seed(found.images))


def test_images_of_others_are_drawn_in_between(
    base, together, storage, make_concept, ticket, monkeypatch
):
    """One batch advances for both; what was cancelled leaves nothing in it."""
    hurry(together, monkeypatch)
    evaluator = Evaluator(base, together, storage, Scorer("pocket", device=CPU))
    stop = []
    mine = Ticket(2, 1, lambda _: None, lambda: bool(stop), lambda: False)
    wish = request(Purpose.BLIND, make_concept("own", seed=3), prompts=("a <own> house",))
    slices = evaluator.run(wish, mine)
    next(slices)
    theirs = together.slices(wish_for("a red house"), ticket)
    for _ in range(12):
        if next(theirs, stop) is stop:
            break
        next(slices, None)
    else:
        raise AssertionError("the other image never came")
    slices = evaluator.run(wish, mine)
    next(slices)
    stop.append(True)
    with pytest.raises(Stopped):
        next(slices)
    together.advance()
    assert not together._studio._engine.busy


def sorted_by_seed(images):
    return [image.key for image in sorted(images, key=lambda image: image.manifest.seed)]


def wish_for(prompt):
    return ImagineRequest(prompt=prompt, seeds=(7,))


def test_what_cannot_be_scored_is_refused_before_anything_is_drawn(
    base, imaginer, storage, make_concept, ticket, told, monkeypatch
):
    """A sheet for people needs no scoring model."""
    scorer = Scorer("pocket", device=CPU)
    monkeypatch.setattr(scorer, "fits", lambda _: False)
    evaluator = Evaluator(base, imaginer, storage, scorer)
    entry = make_concept("own", seed=3)
    with pytest.raises(Conflict, match="ATELIER_SCORING_MODEL"):
        done(evaluator, request(Purpose.STACK, entry, prompts=("a <own> house",)), ticket)
    assert told == []


def test_evaluations_go_on_when_training_does():
    """They take the share of long work, so waiting images go between."""
    assert turn_of(JobKind.EVALUATE) is Turn.LEARN
