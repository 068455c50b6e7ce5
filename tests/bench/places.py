"""Concepts that are words alone, each told its place: left to the sentence, and kept to the place.

Nothing is taught: each concept is the words "red castle", which is what a search for words finds.
Of two things the judge says which stands where. Of one it does not; there 80 % of what has the
thing's colour has to be in the place. Nothing is counted whose noun and colour were not read.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.domain.concepts import ConceptKind, StackEntry, tokens_in
from core.domain.drawing import Stacking
from core.domain.setup import Box, Places
from core.pocket.judge import Reading
from core.pocket.world.palette import PALETTE
from core.pocket.world.scene import Thing
from core.worker.artifact import Artifact, pack
from core.worker.engine.places import told_places
from core.worker.training.parts.word import word_vectors
from tests.bench._sums import percent, share
from tests.bench._table import show
from tests.bench._teaching import FOLDER, Workshop

SEEDS = 20
FREE, TOLD = WAYS = ("left to the sentence", "kept to the place")
NEAR = 75
"""Of 765: how far a pixel may be from a colour of the palette, all channels together."""
INSIDE = 0.8

PAIRS = (
    "a <red-castle> on the left and a <yellow-flower> on the right on a beach",
    "a <yellow-flower> on the right and a <red-castle> on the left on a beach",
    "a photo of a <blue-boat> on the left and an <orange-dog> on the right in the mountains",
    "a <purple-star> at the top and a <green-car> at the bottom on a white background",
    "a <brown-cat> at the bottom and a <teal-moon> at the top in a forest",
    "a <red-cat> on the left and a <blue-dog> on the right in a city",
    "a <green-temple> on the right and a <pink-house> on the left in a forest",
    "in the mountains, an <orange-heart> on the right and a <teal-fish> on the left",
)
ALONE = (
    "a <red-castle> on the left on a beach",
    "a <purple-star> at the bottom in a forest",
    "a photo of a <pink-house> on the right in the mountains",
    "a <red-heart> in the lower left on a beach",
    "a <purple-car> in the top right corner on a white background",
)


async def run(*, seeds: int = SEEDS, tiny: bool = False, folder: Path = FOLDER) -> None:
    """A table of two things in a picture, and one of a thing alone."""
    workshop = Workshop(folder, tiny=tiny)
    for title, prompts in (("two things", PAIRS), ("one thing", ALONE)):
        shares: dict[str, list[float]] = {way: [] for way in WAYS}
        rows = []
        for prompt in prompts:
            found = [_judged(workshop, prompt, way, 2 if tiny else seeds) for way in WAYS]
            for way, one in zip(WAYS, found, strict=True):
                shares[way].append(one)
            rows.append((prompt.replace("<", r"\<"), *(f"{one:.0%}" for one in found)))
        rows.append(("**mean**", *(f"**{percent(shares[way])}**" for way in WAYS)))
        show((f"{title}, {seeds} seeds: all right and in place", *WAYS), rows)


def entry(workshop: Workshop, name: str) -> StackEntry:
    """The concept `red-castle`, whose word is "red castle"."""
    base, noun = workshop.base, name.split("-")[1]
    vectors = word_vectors(base, name.replace("-", " "))
    nouns = [rows[-1:].expand_as(rows) for rows in vectors]
    tokens = tuple(torch.stack(pair) for pair in zip(vectors, nouns, strict=True))
    facts = {"name": name, "class_noun": noun, "family": base.family.name, "says_noun": True}
    return StackEntry(
        concept_id=1,
        version_id=1,
        name=name,
        class_noun=noun,
        kind=ConceptKind.SUBJECT,
        artifact=workshop.storage.put(pack(Artifact({}, tokens, facts))),
    )


def in_place(image: Image.Image, reading: Reading, told: Places) -> bool:
    """Every concept was read, two of them on their sides, and one alone lies in its boxes."""
    order = sorted(told, key=lambda name: told[name][0][:2])
    if len(order) == 1:
        shown = {_look(thing) for thing in reading.scene.things}
        return order[0] in shown and _inside(image, order[0], told[order[0]][0]) >= INSIDE
    sideways = told[order[0]][0][0] != told[order[1]][0][0]
    read = [_look(thing) for thing in reading.scene.things]
    return reading.scene.relation == ("left" if sideways else "above") and read == order


def _judged(workshop: Workshop, prompt: str, way: str, seeds: int) -> float:
    names = tokens_in(prompt)
    stack = [entry(workshop, name) for name in names]
    images = workshop.draw(prompt, seeds, stack, stacking=Stacking.APART, confined=way == TOLD)
    told = told_places(prompt, names)
    readings = workshop.judge(images)
    return share([in_place(*pair, told) for pair in zip(images, readings, strict=True)])


def _look(thing: Thing) -> str:
    return f"{thing.colour}-{thing.noun}"


def _inside(image: Image.Image, name: str, box: Box) -> float:
    """How much of what has the thing's colour is in a box."""
    colours = np.asarray(image.convert("RGB")).astype(int)
    own = np.abs(colours - PALETTE[name.split("-", maxsplit=1)[0]]).sum(-1) < NEAR
    height, width = own.shape
    left, top, right, bottom = box
    rows = slice(round(top * height), round(bottom * height))
    columns = slice(round(left * width), round(right * width))
    return float(own[rows, columns].sum() / max(1, own.sum()))
