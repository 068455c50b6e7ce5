"""Steps that are put by, and versions made of one that a person chose."""

import pytest
import torch

from core.dispatch.messages import Progressed, Trained
from core.domain.jobs import LEARNING
from core.domain.recipes import Method, Recipe
from core.domain.requests import LearnedStep
from core.learned import recall
from core.worker.artifact import unpack
from core.worker.formats.files import open_file
from core.worker.training import picked
from core.worker.training.course import Teacher
from core.worker.training.picked import put_by
from tests.unit.core.worker.training.conftest import RECIPE, finish, new_ticket, usual_request


@pytest.fixture
def whole(calm, pictures):
    """A version, and what was told on the way to it."""
    return calm(usual_request(pictures))


@pytest.fixture
def learned(whole, storage):
    """What it had learned on the way."""
    return recall(storage, whole[0].artifact)


@pytest.fixture
def choose(request_of, learned, whole):
    """A request for one of those steps."""
    made, _ = whole

    def chosen(step, **changes):
        values = {
            "recipe": made.recipe.kept_by_hand(step),
            "learned": LearnedStep(artifact=learned.artifacts[step], seconds=made.seconds),
        }
        return request_of(**values | changes)

    return chosen


def tensors_of(data):
    """All that an artifact holds but what it says of itself."""
    return open_file(data)[0]


def same(one, other):
    """Both hold the same numbers under the same names."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_every_checkpoint_is_put_by(learned, whole, storage, opened):
    """Beside the previews and what the version draws; the last one holds what the version does."""
    made, _ = whole
    assert (set(learned.artifacts), set(learned.previews)) == ({2, 4}, {0, 3, 4})
    assert {opened(key).size for key in learned.previews.values()} == {(128, 64)}
    early, last = (tensors_of(storage.get(learned.artifacts[step])) for step in (2, 4))
    assert same(last, tensors_of(storage.get(made.artifact)))
    assert not same(early, last)


def test_a_course_that_was_put_down_has_the_same_steps(
    learned, whole, teacher, request_of, storage, learned_in
):
    """Those before the checkpoint are in it."""
    again = new_ticket([], checkpoint=learned_in(whole[1])[0])
    resumed = finish(teacher.run(request_of(), again))
    assert recall(storage, resumed.artifact) == learned


def test_a_chosen_step_becomes_a_version(choose, learned, whole, teacher, storage):
    """Without a step being taken; it draws otherwise than the one that was kept, and says why."""
    told, (before, _) = [], whole
    made = finish(teacher.run(choose(2), new_ticket(told, job_id=2)))
    assert isinstance(made, Trained)
    assert same(
        tensors_of(storage.get(made.artifact)), tensors_of(storage.get(learned.artifacts[2]))
    )
    choice = made.recipe.choice
    assert choice is not None
    assert (choice.step, choice.ran, choice.by_hand, choice.error) == (2, 4, True, None)
    assert made.recipe.model_copy(update={"choice": None}) == before.recipe
    facts = unpack(storage.get(made.artifact)).facts
    assert Recipe.model_validate(facts["recipe"]) == made.recipe
    assert made.samples[::2] == before.samples[::2]
    assert made.samples[1::2] != before.samples[1::2]
    assert made.seconds > before.seconds
    notes = [one.progress.note for one in told if isinstance(one, Progressed)]
    assert notes
    assert LEARNING not in notes


def test_a_chosen_step_has_the_name_that_its_concept_has_now(choose, teacher, storage):
    """Renamed since, the version says so itself."""
    made = finish(teacher.run(choose(2, name="ball"), new_ticket([], job_id=2)))
    facts = unpack(storage.get(made.artifact)).facts
    assert (facts["name"], facts["class_noun"]) == ("ball", "circle")
    _, metadata = open_file(storage.get(made.artifact))
    assert metadata["modelspec.trigger_phrase"] == "<ball> circle"


def test_running_averages_are_put_by_where_versions_are_made_of_them(teacher, request_of, storage):
    """What is chosen is what would have been kept there."""
    recipe = RECIPE.model_copy(update={"ema": 0.9, "prior_pictures": 0})
    made = finish(teacher.run(request_of(recipe=recipe), new_ticket([])))
    last = recall(storage, made.artifact).artifacts[4]
    assert same(tensors_of(storage.get(last)), tensors_of(storage.get(made.artifact)))


def test_whole_unets_are_not_put_by(quick, stacks, imaginer, storage, request_of):
    """A disk would be full of them; there is nothing to choose."""
    recipe = RECIPE.model_copy(
        update={"method": Method.DREAMBOOTH, "learning_rate": 1e-4, "prior_pictures": 0}
    )
    teacher = Teacher(quick, stacks, imaginer, storage)
    made = finish(teacher.run(request_of(recipe=recipe), new_ticket([])))
    assert recall(storage, made.artifact) is None


def test_steps_that_take_too_much_are_thinned_out(storage, monkeypatch):
    """The newest stays, and every second one before it goes, again and again."""
    monkeypatch.setattr(picked, "BYTES_MAX", 40)
    known = {}
    for step in range(50, 450, 50):
        put_by(storage, known, step, b"%010d" % step)
    assert sorted(known) == [50, 250, 350, 400]
    assert storage.get(known[400][0]) == b"0000000400"
