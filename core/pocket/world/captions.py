"""Captions of scenes: one plain way to say a scene, and the many ways that training hears."""

import random

from core.pocket.world.scene import INVERSE, Backdrop, Scene, Thing

PLACE_PHRASES = {
    "white": ("on a white background", "on white", "on a plain white background"),
    "forest": ("in a forest", "in the forest", "in the woods"),
    "beach": ("on a beach", "on the beach", "at the beach"),
    "night": ("at night", "in the night", "under a starry night sky"),
    "mountains": ("in the mountains", "in front of mountains", "in the snowy mountains"),
    "city": ("in a city", "in the city", "on a city street"),
    "sea": ("under the sea", "underwater", "under water"),
}
PLACE_NAMES = {
    "white": "a white background",
    "forest": "a forest",
    "beach": "a beach",
    "night": "a starry night sky",
    "mountains": "snowy mountains",
    "city": "a city",
    "sea": "the sea",
}
_PLAIN_PATTERN = {"striped": ("striped",), "dotted": ("dotted", "dotted", "spotted")}
_MARKS = {"striped": "stripes", "dotted": "dots"}
_SIZE_WORDS = {"small": ("small", "small", "tiny", "little"), "big": ("big", "big", "large")}
_RELATION_WORDS = {
    "left": ("to the left of", "left of", "on the left of"),
    "right": ("to the right of", "right of", "on the right of"),
    "above": ("above", "over", "on top of"),
    "below": ("below", "under", "beneath"),
}
_OPENINGS = (
    "", "", "", "a photo of ", "a photo of ", "a picture of ", "an image of ", "a drawing of ",
    "a painting of ",
)  # fmt: skip
_FILLERS = (
    "beautiful", "detailed", "cute", "nice", "simple", "lovely", "high quality", "sharp",
    "masterpiece", "colorful", "bright", "happy", "tiny world", "digital art", "illustration",
    "cartoon", "hd", "4k", "trending", "centered", "cozy", "elegant", "magical", "modern",
)  # fmt: skip


def plain_caption(scene: Scene) -> str:
    """Says everything about a scene in one fixed way; what evaluation prompts with."""
    where = plain_place(scene.backdrop)
    if not scene.things:
        return _place_name(scene.backdrop)
    what = " {} ".format(_RELATION_WORDS[scene.relation or "left"][0]).join(
        map(plain_thing, scene.things)
    )
    return f"{what} {where}"


def plain_thing(thing: Thing) -> str:
    """Says a thing, as "a purple temple with yellow dots and a teal roof"."""
    size = "" if thing.size == "medium" else f"{thing.size} "
    return _with_article(f"{size}{thing.colour} {thing.noun}") + _worn(thing, _marks(thing))


def plain_place(backdrop: Backdrop) -> str:
    """Says a place, as "in a forest of pink trees on purple ground under a teal sky"."""
    if backdrop.trees is None:
        return PLACE_PHRASES[backdrop.place][0]
    return "in " + _place_name(backdrop)


def caption(scene: Scene, rng: random.Random) -> str:
    """Says a scene as people may: parts left out, orders turned, unknown and idle words in it."""
    if not scene.things:
        return _finish(_spoken_place_name(scene.backdrop, rng), rng)
    what, where = _spoken_things(scene, rng), _spoken_place(scene.backdrop, rng)
    form = rng.random()
    if form < 0.1:
        return f"{where}, {what}"
    if form < 0.9:
        what += f"{', ' if rng.random() < 0.15 else ' '}{where}"
    return _finish(what, rng)


def _finish(text: str, rng: random.Random) -> str:
    text = rng.choice(_OPENINGS) + text
    if rng.random() < 0.12:
        text += ", " + ", ".join(rng.sample(_FILLERS, rng.randint(1, 3)))
    elif rng.random() < 0.05:
        text = f"{rng.choice(_FILLERS)} {text}"
    return text


def _spoken_things(scene: Scene, rng: random.Random) -> str:
    if len(scene.things) == 1:
        return _spoken_thing(scene.things[0], rng, omit=0.06)
    first, second, relation = *scene.things, scene.relation or "left"
    if rng.random() < 0.5:
        first, second, relation = second, first, INVERSE[relation]
    one, two = _spoken_thing(first, rng, omit=0.03), _spoken_thing(second, rng, omit=0.03)
    form = rng.random()
    if form < 0.75:
        return f"{one} {rng.choice(_RELATION_WORDS[relation])} {two}"
    if form < 0.88:
        return f"{one} and {two}"
    return f"{one} {'next to' if relation in ('left', 'right') else 'with'} {two}"


def _spoken_thing(thing: Thing, rng: random.Random, *, omit: float) -> str:
    unknown = rng.random() < 0.07
    words = [] if thing.size == "medium" else [rng.choice(_SIZE_WORDS[thing.size])]
    marks = _marks(thing)
    if marks and (rng.random() < (0.5 if thing.pattern_colour == "white" else 0.07)):
        words.append(rng.choice(_PLAIN_PATTERN[thing.pattern]))
        marks = ""
    if rng.random() >= (0.5 if unknown else omit):
        words.append(thing.colour)
    if unknown:
        words.append(_unknown_words(rng))
    words.append("cat face" if thing.noun == "cat" and rng.random() < 0.2 else thing.noun)
    article = rng.random() >= 0.06
    text = " ".join(words)
    return (_with_article(text) if article else text) + _worn(thing, marks)


def _marks(thing: Thing) -> str:
    if thing.pattern == "plain":
        return ""
    return f"{thing.pattern_colour} {_MARKS[thing.pattern]}"


def _worn(thing: Thing, marks: str) -> str:
    worn = "" if thing.accent == "none" else _with_article(f"{thing.accent_colour} {thing.accent}")
    if thing.accent == "ring":
        return (f" with {marks}" if marks else "") + f" in {worn}"
    having = " and ".join(part for part in (marks, worn) if part)
    return f" with {having}" if having else ""


def _spoken_place(backdrop: Backdrop, rng: random.Random) -> str:
    unknown = rng.random() < 0.07
    if backdrop.trees is None and not unknown:
        return rng.choice(PLACE_PHRASES[backdrop.place])
    if backdrop.place != "forest":
        return rng.choice(PLACE_PHRASES[backdrop.place][:2])
    text = _spoken_forest(backdrop, rng, unknown=unknown)
    return "in " + (text if rng.random() < 0.2 else _with_article(text))


def _spoken_place_name(backdrop: Backdrop, rng: random.Random) -> str:
    if backdrop.place == "forest" and (backdrop.trees or rng.random() < 0.1):
        return _with_article(_spoken_forest(backdrop, rng, unknown=rng.random() < 0.07))
    return PLACE_NAMES[backdrop.place]


def _spoken_forest(backdrop: Backdrop, rng: random.Random, *, unknown: bool) -> str:
    name = f"{_unknown_words(rng)} forest" if unknown else "forest"
    if backdrop.trees is None or rng.random() < (0.4 if unknown else 0.03):
        return name
    text = f"{backdrop.trees} {name}"
    if rng.random() < 0.5:
        text = f"{name} of {backdrop.trees} trees"
    return text + _under_and_over(backdrop)


def _place_name(backdrop: Backdrop) -> str:
    if backdrop.trees is None:
        return PLACE_NAMES[backdrop.place]
    return f"a forest of {backdrop.trees} trees{_under_and_over(backdrop)}"


def _under_and_over(backdrop: Backdrop) -> str:
    ground = f" on {backdrop.ground} ground" if backdrop.ground else ""
    return ground + (f" under {_with_article(backdrop.sky)} sky" if backdrop.sky else "")


def _unknown_words(rng: random.Random) -> str:
    words = []
    for _ in range(rng.choice((1, 1, 2))):
        word = "".join(
            rng.choice("bcdfgjklmnprstvxz") + rng.choice("aeiouy") for _ in range(rng.randint(1, 2))
        ) + rng.choice(("", "n", "r", "x", "z", "l"))
        words.append(f"<{word}>" if rng.random() < 0.5 else word)
    return " ".join(words)


def _with_article(text: str) -> str:
    return ("an " if text[0] in "aeio" else "a ") + text
