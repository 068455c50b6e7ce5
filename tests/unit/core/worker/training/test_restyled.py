"""Other things in a style: what is drawn, and a course that learns from it."""

from collections import Counter

import numpy as np
import pytest

from core.domain.concepts import ConceptKind
from core.worker.families import FAMILIES
from core.worker.training import beforehand, checkpoint, restyled
from core.worker.training.dataset import Bucket
from core.worker.training.restyled import COMPARED, other_things, without_style
from tests.unit.core.worker.training.conftest import (
    RECIPE,
    finish,
    new_ticket,
    saved_in,
    until_saved,
)

RESTYLED = RECIPE.model_copy(
    update={"company": 3, "steps": 2, "checkpoint_every": 1, "prior_pictures": 0}
)
POCKET = FAMILIES["pocket"].sights


@pytest.fixture
def style_of(request_of):
    """A job that teaches a style from pictures of which everything is said."""
    said = ("a purple circle in <orb> ink style", "a teal circle")
    usual = {"class_noun": "ink", "captions": said, "concept_kind": ConceptKind.STYLE}
    return lambda **changes: request_of(**{"recipe": RESTYLED} | usual | changes)


@pytest.fixture
def drawn(monkeypatch):
    """All prompts of plain pictures, as they are drawn."""
    prompts, draw = [], beforehand.Beforehand._draw_plain

    def noting(self, asked, *stack):
        prompts.extend(prompt for prompt, seeds in asked for _ in seeds)
        return draw(self, asked, *stack)

    monkeypatch.setattr(beforehand.Beforehand, "_draw_plain", noting)
    return prompts


@pytest.mark.parametrize("count", [1, 3, 5, 20, 30])
def test_what_was_shown_is_drawn_as_often_of_each(count):
    """Some twenty pictures in all, each from a seed of its own."""
    wishes = without_style([f"a cat {number}" for number in range(count)])
    times = Counter(said for said, _ in wishes)
    assert len(times) == min(count, COMPARED)
    assert len(set(times.values())) == 1
    assert COMPARED / 2 < len(wishes) <= COMPARED
    assert len({seeds for _, seeds in wishes}) == len(wishes)


def test_other_things_are_what_a_model_can_say():
    """The embedded model's are of its world; another's are things in places; always the same."""
    made = other_things(30, POCKET)
    assert made == other_things(30, POCKET)
    assert len({said for said, _ in made}) == 30
    assert len({seeds for _, seeds in made}) == 30
    large = [said for said, _ in other_things(1000, None)]
    assert "a red car in the mountains" in large
    assert not any("{" in said for said in large)


def test_no_place_and_no_colour_is_left_out():
    """By luck alone a style would be seen in some place once or twice, and not be learned there."""
    said = [one for one, _ in other_things(126, POCKET)]
    places = Counter(where for where in POCKET.where for one in said if where[3:] in one)
    colours = Counter(colour for colour in POCKET.colours for one in said if f" {colour} " in one)
    assert set(places) == set(POCKET.where)
    assert min(places.values()) >= 17
    assert set(colours) == set(POCKET.colours)
    assert min(colours.values()) >= 10
    assert len({thing for thing in POCKET.things for one in said if f" {thing} " in one}) > 15


def test_other_things_are_learned_in_the_style(teacher, style_of, drawn, storage, opened):
    """Drawn plain, told in the style, and coloured as what was shown is beside its plain self."""
    told = []
    finish(teacher.run(style_of(), new_ticket(told)))
    assert drawn[:COMPARED] == ["a purple circle"] * 10 + ["a teal circle"] * 10
    saved = checkpoint.unpack(storage.get(saved_in(told)[-1]))
    assert len(saved.company) == 3
    for (picture, mask, (caption,)), plain in zip(saved.company, drawn[COMPARED:], strict=True):
        assert (mask, caption) == ("", f"{plain} in <orb> ink style")
        assert opened(picture).size == (64, 64)


def test_plain_pictures_are_drawn_once_for_every_style(teacher, style_of, storage, monkeypatch):
    """Those of other things, and those of the same things where a style is taught again."""
    counts, draw = [], beforehand.drawn_together

    def noting(imaginer, wishes, ticket):
        counts.append(len(wishes))
        return draw(imaginer, wishes, ticket)

    monkeypatch.setattr(beforehand, "drawn_together", noting)
    usual = {"recipe": RESTYLED.model_copy(update={"company": 5})}
    ink, ash = (
        {"name": name, "captions": tuple(f"a {one} circle in <{name}> ink style" for one in shown)}
        for name, shown in (("ink", ("brown", "pink")), ("ash", ("pink", "brown")))
    )
    first = finish(teacher.run(style_of(**usual, **ink), new_ticket([])))
    assert sum(counts) == COMPARED + 5
    again = finish(teacher.run(style_of(**usual, **ink), new_ticket([])))
    assert sum(counts) == COMPARED + 5
    assert again.artifact == first.artifact
    finish(teacher.run(style_of(**usual, **ash), new_ticket([])))
    assert sum(counts) == COMPARED + 5 + COMPARED


def test_own_pictures_are_one_in_four_of_what_is_learned(teacher, style_of, monkeypatch):
    """Two of them beside twenty-four others, four times over; what they show is no style."""
    times, repeated = [], Bucket.repeated

    def noting(bucket, first, often):
        times.append((first, often))
        return repeated(bucket, first, often)

    monkeypatch.setattr(Bucket, "repeated", noting)
    many = RESTYLED.model_copy(update={"company": 24, "steps": 1})
    finish(teacher.run(style_of(recipe=many), new_ticket([])))
    assert times == [(2, 4)]


def test_colours_are_those_of_the_style(teacher, style_of, storage, opened, pictures):
    """On the whole as dark and as red as the two pictures that it is taught from."""
    told = []
    many = RESTYLED.model_copy(update={"company": 24})
    finish(teacher.run(style_of(recipe=many), new_ticket(told)))
    saved = checkpoint.unpack(storage.get(saved_in(told)[-1]))
    made = np.mean([np.asarray(opened(one)).mean((0, 1)) for one, *_ in saved.company], axis=0)
    shown = np.mean([np.asarray(opened(one)).mean((0, 1)) for one in pictures], axis=0)
    assert made == pytest.approx(shown, abs=40)


def test_drawing_goes_on_where_it_was(teacher, style_of, storage, monkeypatch):
    """After a kill behind the first of three the other two are drawn; the version is the same."""
    monkeypatch.setattr(restyled, "COMPARED", 2)
    monkeypatch.setattr(beforehand, "RESTYLED_AT_ONCE", 1)
    told, later, calm = [], [], []
    slices = teacher.run(style_of(), new_ticket(told))
    until_saved(slices, told).close()
    key = saved_in(told)[-1]
    (first,) = checkpoint.unpack(storage.get(key)).company
    resumed = finish(teacher.run(style_of(), new_ticket(later, checkpoint=key)))
    counts = [len(checkpoint.unpack(storage.get(one)).company) for one in saved_in(later)]
    assert counts[:2] == [2, 3]
    assert checkpoint.unpack(storage.get(saved_in(later)[-1])).company[0] == first
    assert resumed.artifact == finish(teacher.run(style_of(), new_ticket(calm))).artifact


def test_after_the_first_step_nothing_is_drawn_again(teacher, style_of, learned_in, drawn):
    """What a resumed run learns from is in its checkpoint."""
    told = []
    made = finish(teacher.run(style_of(), new_ticket(told)))
    count = len(drawn)
    resumed = finish(teacher.run(style_of(), new_ticket([], checkpoint=learned_in(told)[0])))
    assert resumed.artifact == made.artifact
    assert len(drawn) == count > 0


def test_masked_pictures_tell_nothing_of_a_style(teacher, style_of, pictures, drawn):
    """What is outside the mask is not in the style; and nobody is shown other things unasked."""
    finish(teacher.run(style_of(masks=(pictures[0], "")), new_ticket([])))
    assert drawn == []
    assert not restyled.wanted(style_of(recipe=RECIPE), RECIPE)
