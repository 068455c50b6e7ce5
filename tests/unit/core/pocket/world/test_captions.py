"""Captions say what their scenes show: the plain ones are read back, the spoken ones checked."""

import random
import re

from core.pocket.world.captions import caption, plain_caption
from core.pocket.world.palette import PALETTE
from core.pocket.world.sampling import sample_scene
from core.pocket.world.scene import ACCENTS, INVERSE, NOUNS, Backdrop, Scene, Thing

PLACES = {
    "on a white background": "white",
    "in a forest": "forest",
    "on a beach": "beach",
    "at night": "night",
    "in the mountains": "mountains",
    "in a city": "city",
    "under the sea": "sea",
}
RELATIONS = {
    "to the left of": "left",
    "to the right of": "right",
    "above": "above",
    "below": "below",
}
COLOUR, NOUN = "|".join(PALETTE), "|".join(NOUNS)
THING = re.compile(
    rf"an? (?:(?P<size>small|big) )?(?P<colour>{COLOUR}) (?P<noun>{NOUN})"
    rf"(?: with (?P<marks>{COLOUR}) (?P<pattern>stripes|dots))?"
    rf"(?: (?:with|and|in) an? (?P<worn>{COLOUR}) (?P<accent>{'|'.join(ACCENTS)}))?"
)
FOREST = re.compile(
    rf"in a forest of (?P<trees>{COLOUR}) trees(?: on (?P<ground>{COLOUR}) ground)?"
    rf"(?: under an? (?P<sky>{COLOUR}) sky)?$"
)


def read(text: str) -> Scene:
    """Reads a plain caption of at least one thing back into its scene."""
    backdrop, rest = read_place(text)
    first = THING.match(rest)
    assert first, text
    left = rest[first.end() :].strip()
    if not left:
        return Scene(backdrop, (read_thing(first),))
    word = next(word for word in RELATIONS if left.startswith(word))
    second = THING.fullmatch(left.removeprefix(word).strip())
    assert second, text
    return Scene(backdrop, (read_thing(first), read_thing(second)), RELATIONS[word])


def read_place(text: str) -> tuple[Backdrop, str]:
    if found := FOREST.search(text):
        return Backdrop("forest", **found.groupdict()), text[: found.start()].strip()
    phrase = next(phrase for phrase in PLACES if text.endswith(phrase))
    return Backdrop(PLACES[phrase]), text.removesuffix(phrase).strip()


def read_thing(found: re.Match[str]) -> Thing:
    part = found.groupdict()
    pattern = {"stripes": "striped", "dots": "dotted", None: "plain"}[part["pattern"]]
    size, accent = part["size"] or "medium", part["accent"] or "none"
    return Thing(part["noun"], part["colour"], size, pattern, part["marks"], accent, part["worn"])


def scenes(count: int) -> list[Scene]:
    rng = random.Random(11)
    return [sample_scene(rng, held_out=True) for _ in range(count)]


def test_plain_captions_read_back_into_their_scenes() -> None:
    """Nothing is lost and nothing is added between a scene and its plain caption."""
    for scene in scenes(1500):
        if scene.things:
            assert read(plain_caption(scene)) == scene


def test_an_empty_place_is_named() -> None:
    """A scene without things is told by its place alone."""
    assert plain_caption(Scene(Backdrop("beach"))) == "a beach"
    assert (
        plain_caption(Scene(Backdrop("forest", "pink", "purple", "teal")))
        == "a forest of pink trees on purple ground under a teal sky"
    )


def test_spoken_captions_name_every_noun() -> None:
    """However a scene is told, its nouns are in it, in the words of the world."""
    rng = random.Random(12)
    for scene in scenes(1500):
        told = caption(scene, rng)
        assert all(thing.noun in told for thing in scene.things), told


def test_spoken_captions_name_no_colour_that_is_not_there() -> None:
    """A colour in a caption belongs to something in the scene."""
    rng = random.Random(13)
    for scene in scenes(1500):
        backdrop = scene.backdrop
        there = {"white", backdrop.trees, backdrop.ground, backdrop.sky}
        for thing in scene.things:
            there |= {thing.colour, thing.pattern_colour, thing.accent_colour}
        told = re.sub(r"[<>,]", " ", caption(scene, rng)).split()
        assert {word for word in told if word in PALETTE} <= there


def test_relations_are_true_whichever_thing_comes_first() -> None:
    """A caption that turns two things round turns their relation round too."""
    rng = random.Random(14)
    scene = Scene(Backdrop("white"), (Thing("cat", "red"), Thing("car", "blue")), "left")
    orders = set()
    for _ in range(300):
        told = caption(scene, rng)
        cat_first = told.index(" cat") < told.index(" car") if " car" in told else True
        for word, relation in (("left of", "left"), ("right of", "right")):
            if word in told:
                orders.add(relation)
                assert relation == ("left" if cat_first else INVERSE["left"]), told
    assert orders == {"left", "right"}


def test_captions_vary_and_hold_unknown_words() -> None:
    """One scene is told in many ways, with and without articles, unknown words in some."""
    rng = random.Random(15)
    scene = Scene(Backdrop("forest", "pink"), (Thing("temple", "red"),))
    told = {caption(scene, rng) for _ in range(500)}
    assert len(told) > 100
    assert any(re.search(r"<\w+> (temple|forest)", text) for text in told)
    assert any("in pink forest" in text for text in told)
    assert any("in a pink forest" in text for text in told)


def test_captions_depend_on_the_random_state_alone() -> None:
    """The same state gives the same caption."""
    scene = scenes(1)[0]
    assert caption(scene, random.Random(1)) == caption(scene, random.Random(1))
