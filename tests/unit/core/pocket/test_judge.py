"""The judge's questions, answers and files, with untrained weights."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from core.pocket.judge import HEADS, IGNORED, Judge, JudgeNetwork, as_pixels, labels
from core.pocket.train.data import EVERYTHING
from core.pocket.world.scene import Backdrop, Scene, Thing


class Told(JudgeNetwork):
    """A network that answers with the labels of given scenes."""

    def __init__(self, scenes: list[Scene]) -> None:
        super().__init__()
        self.scenes = scenes

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        answers = [labels(scene) for scene in self.scenes]
        return {
            name: torch.stack([_logits(answer[name], len(values)) for answer in answers])
            for name, values in HEADS.items()
        }


def _logits(answer: int, count: int) -> torch.Tensor:
    return 20.0 * torch.nn.functional.one_hot(torch.tensor(max(0, answer)), count).float()


def test_right_answers_read_back_into_the_scene() -> None:
    """Every scene survives the way through labels and answers, in reading order."""
    scenes = [EVERYTHING.scene(index)[0] for index in range(64)]
    blank = [Image.new("RGB", (64, 64))] * 64
    readings = Judge(Told(scenes)).read(blank)
    for scene, reading in zip(scenes, readings, strict=True):
        ordered = scene.as_seen()
        assert reading.scene.backdrop == ordered.backdrop
        assert reading.scene.relation == ordered.relation
        for seen, thing in zip(reading.scene.things, ordered.things, strict=True):
            assert (seen.noun, seen.colour) == (thing.noun, thing.colour)
            assert (seen.pattern, seen.pattern_colour) == (thing.pattern, thing.pattern_colour)
            assert (seen.accent, seen.accent_colour) == (thing.accent, thing.accent_colour)
        assert reading.certainty == pytest.approx(1.0, abs=1e-3)


def test_two_orders_of_one_picture_have_the_same_labels() -> None:
    """A cat left of a car is a car right of a cat."""
    cat, car, beach = Thing("cat", "red"), Thing("car", "blue"), Backdrop("beach")
    assert labels(Scene(beach, (cat, car), "left")) == labels(Scene(beach, (car, cat), "right"))
    assert labels(Scene(beach, (cat, car), "above")) != labels(Scene(beach, (cat, car), "left"))


def test_what_is_not_there_is_not_asked() -> None:
    """A plain thing has no pattern colour, a white place no trees."""
    answers = labels(Scene(Backdrop("white"), (Thing("cat", "red"),)))
    for name in ("first_pattern_colour", "first_accent_colour", "second_noun", "trees", "sky"):
        assert answers[name] == IGNORED
    assert HEADS["first_accent"][answers["first_accent"]] == "none"


def test_weights_come_back_from_their_file(tmp_path: Path) -> None:
    """A saved judge reads like the one that was saved, up to half precision."""
    torch.manual_seed(1)
    network = JudgeNetwork()
    Judge(network).save(tmp_path / "judge.safetensors")
    pictures = [EVERYTHING.picture(index) for index in range(4)]
    loaded = Judge.load(tmp_path / "judge.safetensors").read(pictures)
    for one, other in zip(Judge(network).read(pictures), loaded, strict=True):
        assert one.certainty == pytest.approx(other.certainty, abs=0.02)


def test_weights_that_lie_channels_last_are_written_too(tmp_path: Path) -> None:
    """As training leaves them; the file holds the same as that of the network before."""
    torch.manual_seed(1)
    network = JudgeNetwork()
    Judge(network).save(tmp_path / "one.safetensors")
    Judge(network.to(memory_format=torch.channels_last)).save(tmp_path / "other.safetensors")
    one, other = (tmp_path / f"{name}.safetensors" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """Loading from nowhere says which file is missing."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Judge.load(tmp_path / "nowhere.safetensors")


def test_pictures_of_any_size_and_mode_are_read() -> None:
    """Larger, smaller and palette pictures become the same 64 × 64 floats."""
    images = [Image.new("RGB", (128, 96), "white"), Image.new("L", (8, 8), 255)]
    pixels = as_pixels(images)
    assert pixels.shape == (2, 3, 64, 64)
    assert pixels.min() == pixels.max() == 1.0
