"""A picture that is held back, and the choice by it."""

from dataclasses import fields

import pytest
import torch
from PIL import Image, ImageDraw

from core.dispatch.messages import Progressed
from core.domain.evaluation import Waypoint
from core.domain.recipes import Choice, Recipe
from core.worker.artifact import unpack
from core.worker.imagine import png
from core.worker.training import checkpoint, held_out
from core.worker.training.dataset import encode_whole
from core.worker.training.held_out import (
    Yardstick,
    best_step,
    choice_of,
    course_of,
    gives_up,
    yardstick,
)
from core.worker.training.objective import Noised, Objective
from tests.unit.core.worker.training.conftest import (
    RECIPE,
    finish,
    new_ticket,
    usual_request,
)


@pytest.fixture(scope="module")
def four(storage):
    """Storage keys of four pictures."""
    keys = []
    for colour in ("purple", "teal", "orange", "black"):
        picture = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(picture).ellipse((12, 12, 52, 52), fill=colour)
        keys.append(storage.put(png(picture)))
    return tuple(keys)


def recipe(**changes):
    values = {"steps": 6, "prior_pictures": 0, "hold_out_from": 4, "preview_every": 100}
    return RECIPE.model_copy(update=values | changes)


@pytest.mark.parametrize(
    ("least", "pictures", "held"), [(4, 3, False), (4, 4, True), (0, 50, False), (1, 1, False)]
)
def test_a_picture_is_held_back_only_from_enough(least, pictures, held):
    """Never by 0, and never the only one."""
    assert Recipe(hold_out_from=least).holds_out(pictures) is held


def test_what_is_chosen_is_told_beside_the_last():
    """The later of two equal ones; without a measure there is no choice."""
    errors = {50: 0.4, 100: 0.2, 150: 0.2, 200: 0.3}
    assert best_step(errors) == 150
    assert choice_of(errors) == Choice(step=150, ran=200, error=0.2, error_last=0.3)
    assert choice_of({}) is None


@pytest.mark.parametrize(
    ("errors", "best"),
    [
        ({25: 0.208, 50: 0.286, 75: 0.231, 100: 0.239}, 100),
        ({25: 0.208, 50: 0.286, 75: 0.231, 100: 0.24}, 75),
        ({25: 0.3, 50: 0.2, 75: 0.25, 100: 0.3}, 50),
        ({25: 0.3, 50: 0.29}, 50),
    ],
)
def test_an_earlier_step_is_kept_only_where_what_follows_is_clearly_worse(errors, best):
    """Who learns by heart foretells a picture that was held back much worse, not a little."""
    assert best_step(errors) == best


def test_what_is_kept_does_not_depend_on_when_one_asks():
    """A course keeps a checkpoint while it runs: that which is the best so far is the best in the
    end, or a later one is.
    """
    errors = {25: 0.4, 50: 0.3, 75: 0.33, 100: 0.25, 125: 0.3, 150: 0.28}
    kept = [
        step for step in errors if best_step({s: e for s, e in errors.items() if s <= step}) == step
    ]
    assert kept == [25, 50, 75, 100, 150]
    assert best_step(errors) == kept[-1]


@pytest.mark.parametrize(
    ("errors", "best"),
    [
        ({0: 1.0, 25: 0.99, 50: 0.96}, 0),
        ({0: 1.0, 25: 0.97, 50: 0.94, 75: 0.96}, 50),
        ({0: 1.0, 25: 0.94, 50: 0.9, 75: 0.93}, 75),
        ({0: 1.0}, 0),
    ],
)
def test_words_that_were_found_give_way_only_to_what_is_clearly_better(errors, best):
    """Step 0 is where learning began from them."""
    assert best_step(errors) == best
    assert choice_of(errors).step == best


def test_pictures_are_measured_each_under_its_own_caption(base, stacks):
    """Two at once have the mean error of both."""
    stacks.wear(())
    objective = Objective(base.noise_config)
    pictures = [Image.linear_gradient("L").resize((64, 64)), Image.new("L", (64, 64), 200)]
    clean = encode_whole(base, [one.convert("RGB") for one in pictures], flips=False)
    said = ["a house", "a red cat"]
    told = {"plain": "a house", "levels": (0.3, 0.6)}
    both = yardstick(base, objective, clean, captions=said, **told)
    swapped = yardstick(base, objective, clean, captions=said[::-1], **told)
    assert both.error(base, objective) != swapped.error(base, objective)
    errors = []
    for row, caption in enumerate(said):
        noised = both.noised
        one = Noised(*(getattr(noised, each.name)[row::2] for each in fields(noised)))
        views = clean.rows(slice(row, row + 1))
        held = Yardstick(views, one, (caption,), "a house", both.answers[row::2])
        errors.append(held.error(base, objective))
    assert both.error(base, objective) == pytest.approx(sum(errors) / 2, rel=1e-4)


def test_run_is_given_up_when_nothing_gets_better():
    """After as many checkpoints as the patience says, and never without one."""
    errors = {50: 0.4, 100: 0.2, 150: 0.21, 200: 0.3}
    assert gives_up(errors, 2)
    assert not gives_up(errors, 3)
    assert gives_up({0: 1.0, 25: 0.97, 50: 0.96}, 2)
    assert not gives_up({0: 1.0, 25: 0.97, 50: 0.9}, 2)
    assert not gives_up(errors, 0)
    assert not gives_up({}, 1)


def test_error_is_of_the_picture_and_of_what_moved(base, stacks, make_concept):
    """The same model gives the same error, without drift; another moves away and has more."""
    stacks.wear(())
    objective = Objective(base.noise_config)
    picture = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    views = encode_whole(base, [picture], flips=False)
    held = yardstick(base, objective, views, captions=["a house"], plain="a house")
    alone = held.error(base, objective)
    assert alone == held.error(base, objective)
    without = Yardstick(held.views, held.noised, ("a house",), "a house", held.answers + 1)
    drifted = alone + float(held.noised.weight.mean())
    assert without.error(base, objective) == pytest.approx(drifted, rel=1e-3)
    stacks.wear((make_concept("one", seed=1),))
    assert held.error(base, objective) > alone


def test_best_checkpoint_is_kept(teacher, request_of, storage, four, monkeypatch, learned_in):
    """Where the second of three checkpoints was the best, the version is what it was then."""
    errors = iter((0.5, 0.1, 0.3))
    monkeypatch.setattr(held_out.Yardstick, "error", lambda *_: next(errors))
    told = []
    made = finish(teacher.run(request_of(pictures=four, recipe=recipe()), new_ticket(told)))
    assert made.recipe.choice == Choice(step=4, ran=6, error=0.1, error_last=0.3)
    assert made.course == (
        Waypoint(step=2, error=0.5),
        Waypoint(step=4, error=0.1, kept=True),
        Waypoint(step=6, error=0.3),
    )
    assert made.previews[0][0] == 0
    keys = learned_in(told)
    middle = checkpoint.unpack(storage.get(keys[1])).parts["adapter"]
    lora = unpack(storage.get(made.artifact)).lora
    assert all(torch.equal(lora[key], middle[key]) for key in lora)


def test_run_ends_early(teacher, request_of, four, monkeypatch):
    """With a patience of one, the first checkpoint that is no better is the last."""
    errors = iter((0.1, 0.3))
    monkeypatch.setattr(held_out.Yardstick, "error", lambda *_: next(errors))
    request = request_of(pictures=four, recipe=recipe(patience=1))
    made = finish(teacher.run(request, new_ticket([])))
    assert made.recipe.choice == Choice(step=2, ran=4, error=0.1, error_last=0.3)


def test_run_that_is_ended_early_is_measured_where_it_ends(
    teacher, request_of, storage, four, monkeypatch, learned_in
):
    """As its last step would have been: the best of what was measured is the version."""
    errors = iter((0.1, 0.3))
    monkeypatch.setattr(held_out.Yardstick, "error", lambda *_: next(errors))
    told = []
    ended = new_ticket(
        told,
        ends_early=lambda: any(m.progress.done == 3 for m in told if isinstance(m, Progressed)),
    )
    made = finish(teacher.run(request_of(pictures=four, recipe=recipe()), ended))
    assert made.recipe.choice == Choice(step=2, ran=3, error=0.1, error_last=0.3)
    assert (made.recipe.ended_at, made.recipe.kept_step) == (3, 2)
    assert made.course == (Waypoint(step=2, error=0.1, kept=True), Waypoint(step=3, error=0.3))
    best = checkpoint.unpack(storage.get(learned_in(told)[0])).parts["adapter"]
    lora = unpack(storage.get(made.artifact)).lora
    assert all(torch.equal(lora[key], best[key]) for key in lora)


@pytest.fixture(scope="module")
def measured(four):
    """A request whose checkpoints are measured for real, with an average and previews."""
    return usual_request(four, recipe=recipe(ema=0.5, preview_every=2))


def test_choice_is_resumed_bit_for_bit(calm, teacher, measured, learned_in):
    """From a checkpoint in the middle, average and all, the same version."""
    request, (whole, told) = measured, calm(measured)
    key = learned_in(told)[0]
    again = finish(teacher.run(request, new_ticket([], checkpoint=key)))
    assert again.artifact == whole.artifact
    assert again.recipe == whole.recipe
    assert whole.recipe.choice.ran == 6


def test_first_preview_is_from_before_anything_was_learned(calm, measured):
    """Step 0 is shown, so that what comes later can be held against it."""
    _, told = calm(measured)
    shown = [m.progress for m in told if isinstance(m, Progressed) and m.progress.preview]
    assert len({progress.preview for progress in shown}) == 3


def test_a_run_without_a_picture_held_back_has_no_errors():
    """Nothing was measured, so nothing is told."""
    assert course_of({}, kept_step=6) == ()
