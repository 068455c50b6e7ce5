"""What the service adds to the bare diffusers call: command to posted image, in one run."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline

from core.pocket.paths import diffusion_path
from tests.bench._table import show
from tests.person import Person
from tests.program import demo

PROMPT = "a red star in a forest"
STEPS = 20
ROUNDS = 25


async def run() -> None:
    """Alternate one `/imagine` and one plain call; both have the machine to themselves."""
    plain = _plain_pipeline()
    service, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        async with demo(Path(folder)) as (_, control):
            owl = control.person("owl", "gallery")
            await _imagine(owl, 0)
            _sample(plain, 0)
            for seed in range(1, ROUNDS + 1):
                service.append(await _imagine(owl, seed))
                bare.append(_sample(plain, seed))
                await asyncio.sleep(1.1)  # Discord allows five messages in five seconds
    added = [one - other for one, other in zip(service, bare, strict=True)]
    rows = [
        ("command → posted image", *_quantiles(service)),
        ("plain diffusers call", *_quantiles(bare)),
        ("added by the service", *_quantiles(added)),
    ]
    show((f"one {STEPS}-step image, {ROUNDS} rounds", "median ms", "p95 ms"), rows)


async def _imagine(person: Person, seed: int) -> float:
    options = {"prompt": PROMPT, "count": 1, "seed": seed, "steps": STEPS}
    began = time.perf_counter()
    outcome = await person.run("imagine", options)
    await person.wait(outcome["seq"], event="message_create", author="bot", attachments=1)
    return time.perf_counter() - began


def _plain_pipeline() -> StableDiffusionPipeline:
    pipeline = StableDiffusionPipeline.from_pretrained(
        diffusion_path(), dtype=torch.float32, safety_checker=None, requires_safety_checker=False
    )
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _sample(pipeline: StableDiffusionPipeline, seed: int) -> float:
    began = time.perf_counter()
    pipeline(
        PROMPT,
        num_inference_steps=STEPS,
        guidance_scale=4.0,
        generator=torch.Generator().manual_seed(seed),
    )
    return time.perf_counter() - began


def _quantiles(seconds: list[float]) -> tuple[str, str]:
    ordered = statistics.quantiles(seconds, n=20)
    return f"{statistics.median(seconds) * 1000:.0f}", f"{ordered[-1] * 1000:.0f}"
