"""What is made before anything is learned, and what is left of it when a course is put down."""

import pytest

from core.dispatch.messages import Progressed
from core.domain.concepts import ConceptKind
from core.worker.artifact import unpack
from core.worker.ticket import Stopped
from core.worker.training import checkpoint, company
from core.worker.training.course import Teacher
from core.worker.training.outline import Outline
from tests.unit.core.worker.training.conftest import (
    RECIPE,
    finish,
    new_ticket,
    saved_in,
    until_saved,
)


class Says:
    """A captioner with a sentence for each picture that it is shown."""

    def __init__(self):
        self.shown = 0

    def describe(self, pictures):
        for picture in pictures:
            self.shown += 1
            yield f"a {picture.getpixel((32, 32))} circle"


@pytest.fixture
def says():
    return Says()


@pytest.fixture
def described(quick, stacks, imaginer, storage, says):
    """A teacher that has pictures described."""
    return Teacher(quick, stacks, imaginer, storage, says)


def test_captioner_speaks_where_nobody_did(described, says, storage, request_of, learned_in):
    """With the token put in; what was said is kept, so that a resumed run learns the same."""
    told = []
    recipe = RECIPE.model_copy(update={"prior_pictures": 0, "steps": 1, "preview_every": 9})
    request = request_of(captions=("seen from above", ""), recipe=recipe)
    made = finish(described.run(request, new_ticket(told)))
    notes = [message.progress.note for message in told if isinstance(message, Progressed)]
    assert "describing pictures: 1 of 1" in notes
    kept = ["", "a (0, 128, 128) <orb> circle"]
    assert unpack(storage.get(made.artifact)).facts["captions"] == kept
    (key,) = learned_in(told)
    again = finish(described.run(request, new_ticket([], checkpoint=key)))
    assert (again.artifact, says.shown) == (made.artifact, 1)


def test_a_style_s_pictures_are_told_by_the_clip(
    quick, stacks, imaginer, storage, says, request_of
):
    """Where nobody did, and only then: not of a subject, whose surroundings are told anyway."""
    recipe = RECIPE.model_copy(update={"prior_pictures": 0, "steps": 1, "preview_every": 9})
    teacher = Teacher(quick, stacks, imaginer, storage, None, says)
    request = request_of(
        concept_kind=ConceptKind.STYLE, class_noun="ink", captions=("seen from above", "")
    )
    style = request.model_copy(update={"recipe": recipe})
    made = finish(teacher.run(style, new_ticket([])))
    kept = ["", "a (0, 128, 128) circle in <orb> ink style"]
    assert unpack(storage.get(made.artifact)).facts["captions"] == kept
    subject = style.model_copy(update={"concept_kind": ConceptKind.SUBJECT})
    made = finish(teacher.run(subject, new_ticket([])))
    assert (unpack(storage.get(made.artifact)).facts["captions"], says.shown) == ([], 1)


def test_a_captioner_that_is_set_goes_before_the_clip(
    quick, stacks, imaginer, storage, says, request_of
):
    """For styles as well."""
    recipe = RECIPE.model_copy(update={"prior_pictures": 0, "steps": 1, "preview_every": 9})
    unasked = Says()
    teacher = Teacher(quick, stacks, imaginer, storage, says, unasked)
    finish(teacher.run(request_of(concept_kind=ConceptKind.STYLE, recipe=recipe), new_ticket([])))
    assert (says.shown, unasked.shown) == (2, 0)


def test_describing_goes_on_where_it_was_put_down(described, says, storage, request_of):
    """Told to drain behind the first of two pictures, only the second is described later."""
    told, later = [], []
    recipe = RECIPE.model_copy(update={"prior_pictures": 0, "steps": 1, "preview_every": 9})
    request = request_of(recipe=recipe)
    drained = new_ticket(told, is_draining=lambda: bool(saved_in(told)))
    with pytest.raises(Stopped):
        finish(described.run(request, drained))
    (key,) = saved_in(told)
    assert len(checkpoint.unpack(storage.get(key)).captions) == says.shown == 1
    resumed = finish(described.run(request, new_ticket(later, checkpoint=key)))
    assert says.shown == 2
    assert resumed.artifact == finish(described.run(request, new_ticket([]))).artifact


def test_drawing_the_class_goes_on_where_it_was_killed(teacher, storage, request_of):
    """Of nine plain pictures the eight that were there are not drawn again."""
    told, later = [], []
    recipe = RECIPE.model_copy(update={"prior_pictures": 9, "steps": 1, "preview_every": 9})
    request = request_of(recipe=recipe, class_noun="moon")
    until_saved(teacher.run(request, new_ticket(told)), told).close()
    (key,) = saved_in(told)
    eight = checkpoint.unpack(storage.get(key)).prior
    assert len(eight) == 8
    resumed = finish(teacher.run(request, new_ticket(later, checkpoint=key)))
    begun = checkpoint.unpack(storage.get(saved_in(later)[0]))
    assert (begun.step, len(begun.prior), begun.prior[:8]) == (0, 9, eight)
    assert resumed.artifact == finish(teacher.run(request, new_ticket([]))).artifact


def test_a_seed_that_is_typed_again_makes_the_same_version(
    teacher, storage, request_of, monkeypatch
):
    """Whatever the job's own is, the pictures in company included."""
    middle = Outline(0.5, 0.5, 0.6)
    monkeypatch.setattr(company, "outlines", lambda _, clean, *about: [middle] * len(clean))
    changes = {"prior_pictures": 0, "steps": 1, "preview_every": 9, "company": 1}
    request = request_of(recipe=RECIPE.model_copy(update=changes), seed=5)
    made = finish(teacher.run(request, new_ticket([])))
    assert unpack(storage.get(made.artifact)).facts["recipe"]["seed"] == made.recipe.seed == 5
    typed = request.model_copy(update={"seed": 6, "settings": {"seed": 5}})
    assert finish(teacher.run(typed, new_ticket([]))).artifact == made.artifact
    other = request.model_copy(update={"seed": 6})
    assert finish(teacher.run(other, new_ticket([]))).artifact != made.artifact
