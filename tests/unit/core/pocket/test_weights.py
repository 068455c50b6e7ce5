"""The shipped weights load through the libraries' own loaders, and do what they are for."""

import random

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from core.pocket.concepts import KAR, XYZ, pictures, shows
from core.pocket.evaluate import Studio, clip_row, judge_row, vae_row
from core.pocket.exam import GROUPS, RICH, SINGLE, score, single_held_out
from core.pocket.judge import Judge
from core.pocket.paths import clip_path, diffusion_path, judge_path
from core.pocket.world.captions import plain_caption

MEGABYTE = 2**20


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.load(judge_path())


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(diffusion_path(), guidance=3.0)


def test_the_diffusion_side_is_under_25_megabytes() -> None:
    """Pipeline, CLIP and judge together stay small enough for a repository."""
    parts = [*diffusion_path().rglob("*"), *clip_path().rglob("*"), judge_path()]
    assert sum(part.stat().st_size for part in parts if part.is_file()) < 25 * MEGABYTE


def test_a_picture_is_made_again_from_its_seed(studio: Studio) -> None:
    """The pipeline makes finite, varied pictures; the same seed gives the same one."""
    [first], [again] = (studio.make(["a red star in a forest"], first_seed=7) for _ in range(2))
    [other] = studio.make(["a red star in a forest"], first_seed=8)
    pixels = np.asarray(first, dtype=float)
    assert first.size == (64, 64)
    assert pixels.std() > 20
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_the_pipeline_loads_without_warnings() -> None:
    """`from_pretrained` takes the folder as it is, every warning being an error here."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        diffusion_path(), dtype=torch.float32, safety_checker=None
    )
    assert pipeline.vae.config.scaling_factor == 1.0
    assert pipeline.vae_scale_factor == 4


def test_the_judge_reads_fresh_renders(judge: Judge) -> None:
    """On a small sample the judge names noun, colour and place nearly always."""
    plain, plain_pair, rich, rich_pair, _ = (judge_row(judge, group, 150) for group in GROUPS)
    assert min(plain.shares.values()) > 0.95
    assert min(plain_pair.shares.values()) > 0.93
    assert rich.shares["whole scene"] > 0.96
    assert rich_pair.shares["whole scene"] > 0.94


def test_the_judge_tells_the_concepts(judge: Judge) -> None:
    """Drawn pictures of the demo's concepts are read as what they are, and as nothing else."""
    for concept, other in ((XYZ, KAR), (KAR, XYZ)):
        readings = judge.read(pictures(concept, 20, seed=5))
        assert sum(shows(reading, concept) for reading in readings) >= 17
        assert not any(shows(reading, other) for reading in readings)


def test_the_judge_is_sure_of_what_it_reads(judge: Judge) -> None:
    """Certainty is a probability, high on clean renders; an empty list reads as one."""
    readings = judge.read(pictures(XYZ, 4))
    assert all(0.0 < reading.certainty <= 1.0 for reading in readings)
    assert judge.read([]) == []


def test_made_pictures_show_held_out_combinations(judge: Judge, studio: Studio) -> None:
    """Asked for colours and nouns never trained together, most pictures show them."""
    scenes = single_held_out(random.Random(3), 12)
    images = studio.make([plain_caption(scene) for scene in scenes])
    shares = score("", scenes, judge.read(images), SINGLE).shares
    assert min(shares.values()) >= 0.75


def test_clip_names_what_it_sees() -> None:
    """Zero-shot nouns are mostly right, and a true caption beats an altered one."""
    shares = clip_row(clip_path(), 150).shares
    assert shares["zero-shot noun"] > 0.8
    assert shares["true over altered caption"] > 0.8


def test_the_vae_keeps_paint_and_strokes_too() -> None:
    """It was taught on plain pictures and finished ones, and keeps nearly as much of both."""
    plain, finished = vae_row(diffusion_path() / "vae", 150).shares.values()
    assert plain > 29
    assert finished > plain - 1.5


def test_scores_count_what_is_right(judge: Judge) -> None:
    """A scene read as itself scores one everywhere, read as another it does not."""
    scenes = single_held_out(random.Random(4), 2)
    readings = judge.read(pictures(XYZ, 1) * 2)
    right = [type(readings[0])(scene.as_seen(), 1.0) for scene in scenes]
    assert set(score("", scenes, right, RICH).shares.values()) == {1.0}
    assert score("", scenes, readings, SINGLE).shares["noun"] == 0.0
