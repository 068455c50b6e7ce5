"""The examples that models learn from: each is made anew from its split's name and its index."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import starmap
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.pocket.world.finish import finish, hatch
from core.pocket.world.render import Placed, draw_scene, place_things
from core.pocket.world.sampling import sample_scene
from core.pocket.world.scene import Scene
from core.precision import halved

SHARD = 2000


@dataclass(frozen=True, slots=True)
class Split:
    """An endless list of examples; `held_out` says whether held-out combinations occur in it, and
    `over` what lies over its pictures.
    """

    name: str
    held_out: bool
    over: Callable[[Image.Image, random.Random], Image.Image] | None = None

    def scene(self, index: int) -> tuple[Scene, tuple[Placed, ...]]:
        """Returns the scene at an index and where its things stand."""
        scene, placed, _ = self._begin(index)
        return scene, placed

    def picture(self, index: int) -> Image.Image:
        """Returns the 64 × 64 RGB picture at an index."""
        scene, placed, rng = self._begin(index)
        picture = draw_scene(scene, placed, rng)
        return self.over(picture, rng) if self.over else picture

    def _begin(self, index: int) -> tuple[Scene, tuple[Placed, ...], random.Random]:
        rng = random.Random(f"{self.name}:{index}")
        scene = sample_scene(rng, held_out=self.held_out)
        return scene, place_things(scene, rng), rng


TRAINING = Split("training", held_out=False)
FINISHED = Split("finished", held_out=False, over=finish)
EVERYTHING = Split("everything", held_out=True)
HATCHED = Split("hatched", held_out=True, over=hatch)
FRESH = Split("fresh", held_out=True)
"""For measuring only: no model is ever trained on it."""


def picture_array(pictures: Sequence[Image.Image]) -> NDArray[np.uint8]:
    """Stacks pictures into (count, height, width, 3) bytes."""
    return np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])


def to_range(pictures: Tensor) -> Tensor:
    """Turns (count, height, width, 3) bytes into (count, 3, height, width) floats in [-1, 1]."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def cached_pictures(split: Split, count: int, folder: Path) -> Tensor:
    """Returns (count, 64, 64, 3) bytes, drawn once and kept in `folder` as a memory map."""
    path = folder / f"{split.name}-{count}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, picture_array([split.picture(index) for index in range(count)]))
        part.replace(path)
    return torch.from_numpy(np.load(path, mmap_mode="c"))


def cached_latents(
    split: Split, count: int, *, vae: Path, folder: Path, workers: int = 1
) -> tuple[Tensor, float]:
    """Returns a split's latents and their posterior's mean standard deviation.

    The latents are (count, 4, 16, 16) float16 posterior means, kept in `folder` in shards of
    SHARD, so that an interrupted run goes on where it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards = [
        (split, range(start, min(start + SHARD, count)), vae, folder)
        for start in range(0, count, SHARD)
    ]
    paths = list(starmap(_encode_shard, shards)) if workers == 1 else _in_pool(shards, workers)
    loaded = [load_file(path) for path in paths]
    spread = torch.stack([shard["spread"] for shard in loaded]).mean().item()
    return torch.cat([shard["mean"] for shard in loaded]), spread


def _in_pool(shards: list[tuple[Split, range, Path, Path]], workers: int) -> list[Path]:
    with get_context("spawn").Pool(workers, torch.set_num_threads, (1,)) as pool:
        return pool.starmap(_encode_shard, shards, chunksize=1)


def _encode_shard(split: Split, indices: range, vae: Path, folder: Path) -> Path:
    path = folder / f"{split.name}-{indices.start:06d}-{len(indices)}.safetensors"
    if path.exists():
        return path
    model = AutoencoderKL.from_pretrained(vae, torch_dtype=torch.float32).eval()
    means, spreads = [], []
    for first in range(0, len(indices), 50):
        pictures = picture_array([split.picture(i) for i in indices[first : first + 50]])
        mean, spread = encode(model, torch.from_numpy(pictures))
        means.append(mean.half())
        spreads.append(spread.mean())
    part = path.with_suffix(".part")
    save_file({"mean": torch.cat(means).contiguous(), "spread": torch.stack(spreads).mean()}, part)
    part.replace(path)
    return path


@torch.no_grad()
def encode(vae: AutoencoderKL, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the posterior's means and standard deviations of (count, 64, 64, 3) bytes."""
    with halved(vae.device):
        posterior = vae.encode(to_range(pictures)).latent_dist
    return posterior.mean.float(), posterior.std.float()


@torch.no_grad()
def decode(vae: AutoencoderKL, latents: Tensor) -> Tensor:
    """Returns the (count, 64, 64, 3) bytes that latents stand for."""
    with halved(vae.device):
        decoded: Tensor = vae.decode(latents).sample.float()
    return ((decoded.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1)
