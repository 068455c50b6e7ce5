"""Fourteen looks that the drawn world can show and nothing was trained on, and what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.pocket.concepts import CONCEPTS, PocketConcept
from core.pocket.world.captions import plain_caption
from core.pocket.world.scene import Backdrop, Scene, Thing

_TAUGHT = {
    "hou": Thing("house", "purple", accent="roof", accent_colour="teal"),
    "cas": Thing("castle", "orange", accent="roof", accent_colour="blue"),
    "rex": Thing("dog", "yellow", accent="collar", accent_colour="red"),
    "hea": Thing("heart", "pink", accent="ring", accent_colour="purple"),
    "moo": Thing("moon", "red", accent="ring", accent_colour="yellow"),
    "boa": Thing("boat", "green", pattern="striped", pattern_colour="red"),
    "tri": Thing("triangle", "blue", pattern="striped", pattern_colour="orange"),
    "lum": Backdrop("forest", "teal", "orange", "pink"),
    "zed": Backdrop("forest", "purple", "yellow", "teal"),
    "nor": Backdrop("forest", "yellow", "red", "blue"),
}
BY_NAME = {concept.name: concept for concept in CONCEPTS} | {
    name: PocketConcept(f"<{name}>", look.noun if isinstance(look, Thing) else look.place, look)
    for name, look in _TAUGHT.items()
}
PLACES = ("beach", "white", "mountains")
_WHERE = {"beach": "on a beach", "white": "on a white background", "mountains": "in the mountains"}
_SIDES = {"left": "to the left of", "above": "above"}


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt with concept names, and what it should show."""

    names: tuple[str, ...]
    prompt: str
    scene: Scene

    @property
    def in_words(self) -> str:
        """The same said in plain words."""
        return plain_caption(self.scene)

    @property
    def concepts(self) -> list[PocketConcept]:
        return [BY_NAME[name] for name in self.names]


def alone() -> list[Question]:
    """Every concept by itself."""
    return [_scene(name) if _is_scene(name) else _thing(name) for name in BY_NAME]


def in_scenes() -> list[Question]:
    """Every subject in one of the taught forests."""
    scenes = [name for name in BY_NAME if _is_scene(name)]
    things = [name for name in BY_NAME if not _is_scene(name)]
    return [_placed(name, scenes[index % len(scenes)]) for index, name in enumerate(things)]


def two_things() -> list[Question]:
    """Subjects side by side and one above the other, each twice."""
    things = [name for name in BY_NAME if not _is_scene(name)]
    pairs = zip(things, [*things[3:], *things[:3]], strict=True)
    return [
        _pair(pair, ("left", "above")[index % 2], PLACES[index % 3])
        for index, pair in enumerate(pairs)
    ]


def triples() -> list[Question]:
    """Two subjects in a taught forest."""
    return [
        _triple(("xyz", "hou"), "left", "kar"),
        _triple(("cas", "mio"), "left", "lum"),
        _triple(("rex", "xyz"), "above", "zed"),
        _triple(("hou", "mio"), "above", "nor"),
    ]


def _is_scene(name: str) -> bool:
    return isinstance(BY_NAME[name].look, Backdrop)


def _said(name: str) -> str:
    concept = BY_NAME[name]
    return f"{concept.token} {concept.class_noun}"


def _scene(name: str) -> Question:
    return Question((name,), f"a photo of {_said(name)}", _shown(name))


def _thing(name: str) -> Question:
    prompt = f"a photo of {_said(name)} on a beach"
    return Question((name,), prompt, _shown("beach", name))


def _placed(name: str, scene: str) -> Question:
    prompt = f"a photo of {_said(name)} in {_said(scene)}"
    return Question((name, scene), prompt, _shown(scene, name))


def _pair(names: tuple[str, str], relation: str, place: str) -> Question:
    prompt = f"a photo of {_sides(names, relation)} {_WHERE[place]}"
    return Question(names, prompt, _shown(place, *names, relation=relation))


def _triple(names: tuple[str, str], relation: str, scene: str) -> Question:
    prompt = f"a photo of {_sides(names, relation)} in {_said(scene)}"
    return Question((*names, scene), prompt, _shown(scene, *names, relation=relation))


def _sides(names: Sequence[str], relation: str) -> str:
    return f" {_SIDES[relation]} ".join(_said(name) for name in names)


def _shown(place: str, *names: str, relation: str | None = None) -> Scene:
    backdrop = BY_NAME[place].look if place in BY_NAME else Backdrop(place)
    things = tuple(BY_NAME[name].look for name in names)
    return Scene(backdrop, things, relation)  # type: ignore[arg-type]
