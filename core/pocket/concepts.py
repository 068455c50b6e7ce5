"""The concepts of the demo: looks that the world can draw and no model was trained on.

`python -m core.pocket.concepts DIR` writes the pictures that a newcomer uploads.
"""

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from core.pocket.judge import Reading
from core.pocket.world.render import render
from core.pocket.world.scene import PLACES, Backdrop, Scene, Thing


@dataclass(frozen=True, slots=True)
class PocketConcept:
    """A look to be taught: a thing on any backdrop, or a backdrop with any thing."""

    token: str
    class_noun: str
    look: Thing | Backdrop

    @property
    def name(self) -> str:
        """Returns the token without its brackets."""
        return self.token.strip("<>")

    @property
    def seen(self) -> Thing | Backdrop:
        """Returns the look as a picture of it can tell it."""
        return self.look.as_seen() if isinstance(self.look, Thing) else self.look


XYZ = PocketConcept(
    "<xyz>", "temple", Thing("temple", "yellow", accent="roof", accent_colour="blue")
)
KAR = PocketConcept("<kar>", "forest", Backdrop("forest", "pink", "purple", "teal"))
MIO = PocketConcept(
    "<mio>",
    "cat",
    Thing("cat", "orange", "medium", "striped", "white", "collar", "blue"),
)
SOL = PocketConcept("<sol>", "star", Thing("star", "teal", "medium", "plain", None, "ring", "pink"))
CONCEPTS = (XYZ, KAR, MIO, SOL)

_COMPANIONS = (
    Thing("cat", "brown"), Thing("house", "red"), Thing("star", "yellow"), Thing("car", "blue"),
    Thing("dog", "orange"), Thing("boat", "purple"), Thing("flower", "teal"),
)  # fmt: skip
_BACKDROPS = tuple(Backdrop(place) for place in PLACES)


def pictures(concept: PocketConcept, count: int, *, seed: int = 0) -> list[Image.Image]:
    """Returns `count` pictures of a concept, 64 × 64 RGB, no two in the same surroundings first."""
    rng = random.Random(f"{concept.token}:{seed}")
    return [render(scene, rng) for scene in scenes(concept, count)]


def scenes(concept: PocketConcept, count: int) -> list[Scene]:
    """Returns what the pictures show: the look, and surroundings that change."""
    if isinstance(concept.look, Thing):
        return [
            Scene(_BACKDROPS[index % len(_BACKDROPS)], (concept.look,)) for index in range(count)
        ]
    around = ((), *((companion,) for companion in _COMPANIONS))
    return [Scene(concept.look, around[index % len(around)]) for index in range(count)]


def shows(reading: Reading, concept: PocketConcept) -> bool:
    """Says whether the judge read the concept's whole look somewhere in the picture."""
    return concept.seen in looks(reading)


def looks(reading: Reading) -> tuple[Thing | Backdrop, ...]:
    """Returns everything in a picture that could be a concept's look."""
    return (reading.scene.backdrop, *reading.scene.things)


def differences(reading: Reading, concept: PocketConcept) -> tuple[str, ...]:
    """Names the attributes in which the closest candidate of the picture is not the concept."""
    candidates = [look for look in looks(reading) if type(look) is type(concept.look)]
    missing = [_unlike(look, concept.seen) for look in candidates]
    return min(missing, key=len, default=("noun",))


def _unlike(look: Thing | Backdrop, wanted: Thing | Backdrop) -> tuple[str, ...]:
    names = type(wanted).__dataclass_fields__
    return tuple(name for name in names if getattr(look, name) != getattr(wanted, name))


def main() -> None:
    """Writes five pictures of each concept into a folder a concept."""
    parser = argparse.ArgumentParser(prog="python -m core.pocket.concepts", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=5)
    arguments = parser.parse_args()
    for concept in CONCEPTS:
        folder = arguments.folder / concept.name
        folder.mkdir(parents=True, exist_ok=True)
        for index, picture in enumerate(pictures(concept, arguments.count), start=1):
            picture.save(folder / f"{concept.name}-{index}.png")
        print(f"{folder}: {concept.token} {concept.class_noun}, {arguments.count} pictures")


if __name__ == "__main__":
    main()
