"""What the samplers draw, and what they never draw."""

import random
from collections import Counter

from core.pocket.concepts import CONCEPTS, scenes
from core.pocket.world.sampling import accent_of, sample_scene, sample_thing
from core.pocket.world.scene import (
    ACCENTS,
    COLLARED,
    HELD_OUT_THINGS,
    NOUNS,
    PATTERNS,
    PLACES,
    RELATIONS,
    RINGED,
    ROOFED,
    Scene,
    Thing,
    is_held_out,
)


def many(count: int, *, held_out: bool) -> list[Scene]:
    rng = random.Random(1)
    return [sample_scene(rng, held_out=held_out) for _ in range(count)]


def test_training_never_draws_a_held_out_combination() -> None:
    """Of thousands of training scenes none holds a combination that is kept for scoring."""
    assert not any(is_held_out(scene) for scene in many(6000, held_out=False))


def test_the_judge_draws_every_held_out_thing() -> None:
    """The sampler for the judge shows every held-out colour and noun."""
    drawn = {
        (thing.colour, thing.noun) for scene in many(6000, held_out=True) for thing in scene.things
    }
    assert drawn >= HELD_OUT_THINGS


def test_every_word_of_the_world_comes_up() -> None:
    """Every noun, place, relation, pattern and accent is drawn, and empty places too."""
    drawn = many(3000, held_out=False)
    things = [thing for scene in drawn for thing in scene.things]
    assert {thing.noun for thing in things} == set(NOUNS)
    assert {thing.pattern for thing in things} == set(PATTERNS)
    assert {thing.accent for thing in things} == set(ACCENTS)
    assert {scene.backdrop.place for scene in drawn} == set(PLACES)
    assert {scene.relation for scene in drawn} == {None, *RELATIONS}
    assert set(Counter(len(scene.things) for scene in drawn)) == {0, 1, 2}


def test_two_things_have_two_nouns() -> None:
    """A scene of two things never shows the same noun twice, which no relation could tell apart."""
    pairs = [scene.things for scene in many(2000, held_out=True) if len(scene.things) == 2]
    assert all(first.noun != second.noun for first, second in pairs)


def test_a_colour_never_marks_itself() -> None:
    """Patterns and accents always differ in colour from their thing."""
    rng = random.Random(2)
    for thing in (sample_thing(rng, held_out=True) for _ in range(2000)):
        assert thing.colour not in (thing.pattern_colour, thing.accent_colour)
        assert (thing.pattern == "plain") == (thing.pattern_colour is None)
        assert (thing.accent == "none") == (thing.accent_colour is None)


def test_accents_fit_their_nouns() -> None:
    """Houses have roofs, cats collars, stars rings; a boat has none of these."""
    assert {accent_of(noun) for noun in ROOFED} == {"roof"}
    assert {accent_of(noun) for noun in COLLARED} == {"collar"}
    assert {accent_of(noun) for noun in RINGED} == {"ring"}
    assert accent_of("boat") == "none"


def test_the_concepts_were_never_in_training() -> None:
    """Every picture of every demo concept shows a held-out combination."""
    assert all(is_held_out(scene) for concept in CONCEPTS for scene in scenes(concept, 8))


def test_reading_order_tells_the_same_picture_from_its_left() -> None:
    """A scene told from the right or from below is turned round, others stay as they are."""
    scene = next(s for s in many(500, held_out=False) if s.relation == "right")
    turned = scene.in_reading_order()
    assert turned.relation == "left"
    assert turned.things == scene.things[::-1]
    assert turned.in_reading_order() == turned


def test_a_picture_does_not_say_which_stripes_lie_on_top() -> None:
    """Two ways to stripe a thing in two colours look the same; other looks keep their colours."""
    one = Thing("boat", "green", "small", "striped", "red")
    other = Thing("boat", "red", pattern="striped", pattern_colour="green")
    assert one.as_seen() == other.as_seen()
    for sure in (
        Thing("boat", "green", pattern="striped", pattern_colour="white"),
        Thing("boat", "red", pattern="dotted", pattern_colour="green"),
        Thing("house", "purple", accent="roof", accent_colour="blue"),
    ):
        assert sure.as_seen() == sure


def test_what_is_seen_of_a_scene_is_seen_again() -> None:
    """Reading order and stripes come out the same however a scene was told."""
    for scene in many(300, held_out=True):
        seen = scene.as_seen()
        assert seen.as_seen() == seen
        assert len(seen.things) == len(scene.things)
        assert all(thing.size == "medium" for thing in seen.things)
