"""Train jobs that have their subject painted beside something else first."""

import pytest

from core.dispatch.messages import Progressed
from core.domain.concepts import ConceptKind
from core.worker.ticket import Stopped
from core.worker.training import beforehand, checkpoint, course
from core.worker.training.dataset import encode_buckets
from core.worker.training.lesson import Lesson
from tests.unit.core.worker.training.conftest import (
    RECIPE,
    finish,
    new_ticket,
    saved_in,
    until_saved,
)

COMPANY = RECIPE.model_copy(
    update={"company": 2, "steps": 2, "checkpoint_every": 1, "prior_pictures": 0}
)


def painted(told):
    """What the progress said of painting."""
    said = [message.progress.note for message in told if isinstance(message, Progressed)]
    return [note for note in said if note.startswith("drawing it beside other things")]


def test_subject_is_painted_beside_other_things_and_resumed_bit_for_bit(
    calm, teacher, request_of, storage, opened, learned_in
):
    """Pictures, masks and captions are in the checkpoint, and are not painted again."""
    request, later = request_of(recipe=COMPANY), []
    whole, told = calm(request)
    assert painted(told)
    key = learned_in(told)[0]
    company = checkpoint.unpack(storage.get(key)).company
    assert len(company) == 2
    for picture, mask, said in company:
        assert opened(picture).size == opened(mask).size == (64, 64)
        assert len(set(said)) == 4
        assert all("<orb> circle" in each for each in said)
    resumed = finish(teacher.run(request, new_ticket(later, checkpoint=key)))
    assert resumed.artifact == whole.artifact
    assert not painted(later)


def test_painting_goes_on_where_it_was(teacher, request_of, storage, monkeypatch):
    """After a kill behind the first of two pictures the second is painted, and no other.

    The run beside it paints one at a time, too: in a batch a picture may differ by rounding.
    """
    monkeypatch.setattr(beforehand, "AT_ONCE", 1)
    request, told, later = request_of(recipe=COMPANY), [], []
    until_saved(teacher.run(request, new_ticket(told)), told).close()
    (key,) = saved_in(told)
    (first,) = checkpoint.unpack(storage.get(key)).company
    resumed = finish(teacher.run(request, new_ticket(later, checkpoint=key)))
    begun = checkpoint.unpack(storage.get(saved_in(later)[0]))
    assert (begun.step, len(begun.company), begun.company[0]) == (0, 2, first)
    assert resumed.artifact == finish(teacher.run(request, new_ticket([]))).artifact


def test_what_is_painted_is_learned_from(calm, request_of):
    """Without it another version comes out."""
    alone = COMPANY.model_copy(update={"company": 0})
    made = {calm(request_of(recipe=recipe))[0].artifact for recipe in (COMPANY, alone)}
    assert len(made) == 2


def test_subject_is_shown_alone_as_often_as_in_company(teacher, request_of, monkeypatch):
    """Two pictures and four painted ones: each of the two counts twice, and is encoded once."""
    encoded, shown = [], []

    def count(base, examples, recipe):
        encoded.append(len(examples))
        return encode_buckets(base, examples, recipe)

    def learn(_lesson, material):
        shown.extend(material.shown)
        raise Stopped

    monkeypatch.setattr(course, "encode_buckets", count)
    monkeypatch.setattr(Lesson, "learn", learn)
    recipe = COMPANY.model_copy(update={"company": 4, "steps": 1})
    with pytest.raises(Stopped):
        finish(teacher.run(request_of(recipe=recipe), new_ticket([])))
    assert encoded == [6]
    assert [bucket.of for bucket in shown] == [(0, 1, 0, 1, 2, 3, 4, 5)]


@pytest.mark.parametrize("case", ["style", "masked"])
def test_some_stand_beside_nothing(teacher, request_of, pictures, case):
    """A style is no thing, which has other company, and of a masked picture only the marked part
    may be shown."""
    changes = {
        "style": {"concept_kind": ConceptKind.STYLE},
        "masked": {"masks": (pictures[0], "")},
    }
    told = []
    finish(teacher.run(request_of(recipe=COMPANY, **changes[case]), new_ticket(told)))
    assert not painted(told)
