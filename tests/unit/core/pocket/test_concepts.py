"""The demo's concepts: their pictures, and telling whether a reading shows them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.pocket.concepts import (
    CONCEPTS,
    KAR,
    XYZ,
    PocketConcept,
    differences,
    pictures,
    scenes,
    shows,
)
from core.pocket.judge import Reading
from core.pocket.world.scene import Backdrop, Scene, Thing


def reading(scene: Scene) -> Reading:
    return Reading(scene.as_seen(), 1.0)


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda concept: concept.name)
def test_every_picture_shows_its_concept_and_no_other(concept: PocketConcept) -> None:
    """Told without an error, each picture of a concept shows it, and none of the others."""
    for scene in scenes(concept, 8):
        assert [other for other in CONCEPTS if shows(reading(scene), other)] == [concept]


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda concept: concept.name)
def test_surroundings_change_from_picture_to_picture(concept: PocketConcept) -> None:
    """Five pictures of a concept have five surroundings, and are the same ones every time."""
    assert len(set(scenes(concept, 5))) == 5
    drawn = [picture.tobytes() for picture in pictures(concept, 5)]
    assert drawn == [picture.tobytes() for picture in pictures(concept, 5)]
    assert drawn != [picture.tobytes() for picture in pictures(concept, 5, seed=1)]


def test_the_plain_class_does_not_show_a_concept() -> None:
    """A plain temple in a plain forest shows neither concept, and the reading says why."""
    plain = reading(Scene(Backdrop("forest"), (Thing("temple", "red"),)))
    assert not shows(plain, XYZ)
    assert not shows(plain, KAR)
    assert differences(plain, XYZ) == ("colour", "accent", "accent_colour")
    assert differences(plain, KAR) == ("trees", "ground", "sky")


def test_both_concepts_show_together() -> None:
    """One picture shows the temple of one concept in the forest of the other."""
    assert isinstance(XYZ.look, Thing)
    assert isinstance(KAR.look, Backdrop)
    together = reading(Scene(KAR.look, (XYZ.look,)))
    assert shows(together, XYZ)
    assert shows(together, KAR)
    assert differences(together, XYZ) == ()


def test_a_near_miss_is_not_the_concept() -> None:
    """One wrong colour is enough for a picture not to show the concept."""
    assert isinstance(XYZ.look, Thing)
    miss = replace(XYZ.look, accent_colour="teal")
    assert not shows(reading(Scene(Backdrop("beach"), (miss,))), XYZ)
    assert differences(reading(Scene(Backdrop("beach"))), XYZ) == ("noun",)


def test_the_command_writes_pictures_to_upload(tmp_path: Path) -> None:
    """`python -m core.pocket.concepts DIR` writes five readable pictures of each concept."""
    subprocess.run([sys.executable, "-m", "core.pocket.concepts", tmp_path], check=True)
    for concept in CONCEPTS:
        files = sorted((tmp_path / concept.name).iterdir())
        assert len(files) == 5
        for file in files:
            with Image.open(file) as picture:
                assert (picture.size, picture.format) == ((64, 64), "PNG")
