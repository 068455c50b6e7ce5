"""`python -m core.pocket.evaluate --sheet FILE.png`: how well the pocket models do their work.

Prints one table. Pictures are made from captions of fresh scenes, held-out combinations first,
and read back by the judge; the judge, CLIP and VAE are measured on fresh renders beside it.
"""

import argparse
import random
import time
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from PIL import Image
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer

from core.pocket.exam import GROUPS, Group, Row, score
from core.pocket.judge import Judge, as_pixels
from core.pocket.paths import clip_path, diffusion_path, judge_path
from core.pocket.train.clip import altered, as_clip_pixels
from core.pocket.train.data import FRESH
from core.pocket.world.captions import plain_caption
from core.pocket.world.finish import finish
from core.pocket.world.render import render
from core.pocket.world.scene import NOUNS


class Studio:
    """Makes pictures with the pipeline: 20 steps, one seed a picture."""

    def __init__(self, path: Path, *, guidance: float) -> None:
        self.pipeline = StableDiffusionPipeline.from_pretrained(
            path, dtype=torch.float32, safety_checker=None
        )
        self.pipeline.set_progress_bar_config(disable=True)
        self.guidance = guidance

    def make(self, prompts: list[str], *, first_seed: int = 0) -> list[Image.Image]:
        """Returns one 64 × 64 picture a prompt, seeded by its place in the list."""
        images: list[Image.Image] = []
        for start in range(0, len(prompts), 16):
            batch = prompts[start : start + 16]
            seeds = range(first_seed + start, first_seed + start + len(batch))
            images += self.pipeline(
                batch,
                num_inference_steps=20,
                guidance_scale=self.guidance,
                generator=[torch.Generator().manual_seed(seed) for seed in seeds],
            ).images
        return images

    def seconds_an_image(self) -> float:
        """Times one image alone, the best of three."""
        times = []
        for seed in range(3):
            began = time.perf_counter()
            self.make(["a red star in a forest"], first_seed=seed)
            times.append(time.perf_counter() - began)
        return min(times)


def judge_row(judge: Judge, group: Group, count: int) -> Row:
    """Measures the judge itself: fresh renders of the same kinds of scenes, held out or not."""
    rng = random.Random(group.name)
    scenes = group.scenes(rng, count)
    readings = judge.read([render(scene, rng) for scene in scenes])
    return score(f"renders: {group.name}", scenes, readings, group.checks)


def made_row(
    judge: Judge, group: Group, count: int, studio: Studio
) -> tuple[Row, list[Image.Image]]:
    """Measures the pipeline: pictures made from the scenes' captions, and those pictures."""
    scenes = group.scenes(random.Random(group.name), count)
    images = studio.make([plain_caption(scene) for scene in scenes])
    row = score(f"made: {group.name}", scenes, judge.read(images), group.checks)
    return row, images


@torch.no_grad()
def clip_row(path: Path, count: int) -> Row:
    """Measures CLIP on fresh renders: zero-shot nouns, and true against altered captions."""
    model = CLIPModel.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = CLIPTokenizer.from_pretrained(path)
    rng = random.Random(5)
    chosen = [i for i in range(count * 3) if len(FRESH.scene(i)[0].things) == 1][:count]
    scenes = [FRESH.scene(index)[0] for index in chosen]
    pixels = as_clip_pixels(as_pixels([FRESH.picture(index) for index in chosen]))
    images = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)

    def likeness(texts: list[str]) -> torch.Tensor:
        ids = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        told = model.text_projection(model.text_model(**ids).pooler_output)
        return functional.normalize(images, dim=-1) @ functional.normalize(told, dim=-1).T

    nouns = likeness([f"a photo of a {noun}" for noun in NOUNS]).argmax(1).tolist()
    right = [NOUNS[n] == scene.things[0].noun for n, scene in zip(nouns, scenes, strict=True)]
    true = likeness([plain_caption(scene) for scene in scenes]).diagonal()
    false = likeness([plain_caption(altered(scene, rng)) for scene in scenes]).diagonal()
    shares = {
        "zero-shot noun": sum(right) / len(right),
        "true over altered caption": (true > false).float().mean().item(),
    }
    return Row("CLIP on renders, one thing", len(scenes), shares)


@torch.no_grad()
def vae_row(path: Path, count: int) -> Row:
    """Measures the VAE on fresh renders, plain and with paint, strokes or grain over them."""
    vae = AutoencoderKL.from_pretrained(path, torch_dtype=torch.float32).eval()
    noise_ratios = {}
    for name, split in (("plain", FRESH), ("finished", replace(FRESH, over=finish))):
        pixels = as_pixels([split.picture(index) for index in range(count)])
        parts = torch.split(pixels, 50)
        kept = [vae.decode(vae.encode(part).latent_dist.mean).sample for part in parts]
        errors = (torch.cat(kept).clamp(-1, 1) - pixels).square().mean((1, 2, 3))
        noise_ratios[f"{name}, dB"] = (4 / errors).log10().mean().item() * 10
    return Row("VAE on renders", count, noise_ratios)


def contact_sheet(images: list[Image.Image], columns: int = 10) -> Image.Image:
    """Lays images out in rows, each twice its size."""
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * 130, rows * 130), "white")
    for index, image in enumerate(images):
        place = index % columns * 130, index // columns * 130
        sheet.paste(image.resize((128, 128), Image.Resampling.NEAREST), place)
    return sheet


def main() -> None:
    """Prints the table and writes the contact sheet."""
    parser = argparse.ArgumentParser(prog="python -m core.pocket.evaluate", description=__doc__)
    parser.add_argument("--count", type=int, default=96, help="pictures a group")
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--sheet", type=Path, help="where to write the contact sheet")
    parser.add_argument("--diffusion", type=Path, default=diffusion_path())
    parser.add_argument("--clip", type=Path, default=clip_path())
    parser.add_argument("--judge", type=Path, default=judge_path())
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    judge = Judge.load(arguments.judge)
    studio = Studio(arguments.diffusion, guidance=arguments.guidance)
    rows = [clip_row(arguments.clip, 600), vae_row(arguments.diffusion / "vae", 300)]
    shown: list[Image.Image] = []
    for group in GROUPS:
        rows.append(judge_row(judge, group, 2 * arguments.count))
        row, images = made_row(judge, group, arguments.count, studio)
        rows.append(row)
        shown += images[:20]
    print_table(rows)
    print(f"one image of 20 steps, one thread: {studio.seconds_an_image():.2f} s")
    if arguments.sheet:
        contact_sheet(shown).save(arguments.sheet)


def print_table(rows: list[Row]) -> None:
    """Prints the rows as a Markdown table."""
    print("| what | pictures | right |\n|---|---|---|")
    for row in rows:
        shares = ", ".join(f"{name} {share:.3f}" for name, share in row.shares.items())
        print(f"| {row.group} | {row.count} | {shares} |")


if __name__ == "__main__":
    main()
