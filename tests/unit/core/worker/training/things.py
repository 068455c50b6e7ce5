"""Pictures that styles are told from: the same five things, drawn as often as wanted."""

import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.pocket.world.render import render
from core.pocket.world.scene import Backdrop, Scene, Thing

SCENES = [
    Scene(Backdrop(place), (Thing(noun, colour),))
    for place, noun, colour in (
        ("white", "house", "red"),
        ("forest", "cat", "orange"),
        ("beach", "tree", "green"),
        ("sea", "boat", "blue"),
        ("mountains", "flower", "pink"),
    )
]


def drawn(seed: int, count: int = 1) -> list[Image.Image]:
    """So many of each scene, in other shades and places for every seed."""
    chance = random.Random(seed)
    return [render(scene, chance) for scene in SCENES for _ in range(count)]


def values(picture: Image.Image) -> NDArray[np.float64]:
    """Its numbers of 0 to 255."""
    return np.asarray(picture, float)
