"""The stages in order, each from files to files; a stage whose result is there does nothing."""

import json
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTextModel, CLIPTokenizer

from core.pocket.judge import Judge, JudgeNetwork
from core.pocket.train.clip import Captioned, ClipTrainer, new_clip, patch_table
from core.pocket.train.data import (
    EVERYTHING,
    FINISHED,
    HATCHED,
    TRAINING,
    cached_latents,
    cached_pictures,
    decode,
    encode,
)
from core.pocket.train.judge import Asked, JudgeTrainer, halfway, label_table
from core.pocket.train.loop import Plan, best_device, train
from core.pocket.train.tokenizer import count_words, train_tokenizer
from core.pocket.train.unet import Latents, UNetTrainer, new_noise_scheduler, new_unet
from core.pocket.train.vae import VaeTrainer, new_vae, normalise_latents
from core.pocket.world.captions import caption


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where stages find and put things; `init` is a finished weights folder to start from."""

    out: Path
    init: Path | None = None
    steps: int | None = None
    examples: int = 48000
    workers: int = 1

    def given(self, part: str) -> Path | None:
        """Returns a part of the weights to start from, or None."""
        return self.init / part if self.init else None

    def plan(self, *, steps: int, rate: float, decay: float = 0.6) -> Plan:
        """Returns a stage's plan, its steps as the command line says where it does."""
        return Plan(self.steps or steps, rate, decay=decay)

    def checkpoint(self, stage: str) -> Path:
        """Returns where a stage keeps its checkpoint."""
        return self.out / "checkpoints" / f"{stage}.pt"


def tokenizer_stage(shop: Workshop) -> Path:
    """Learns the tokenizer from captions, or copies the given one; writes `tokenizer`."""
    done = shop.out / "tokenizer"
    given = shop.given("diffusion/tokenizer")
    if not done.exists() and given:
        shutil.copytree(given, done)
    elif not done.exists():
        captions = (caption(TRAINING.scene(i)[0], random.Random(i)) for i in range(4000))
        train_tokenizer(count_words(captions), done)
    return done


def vae_stage(shop: Workshop) -> Path:
    """Trains the VAE, of a given one the decoder alone; writes `vae`."""
    done = shop.out / "vae"
    if done.exists():
        return done
    torch.manual_seed(0)
    count, folder = min(12000, shop.examples), shop.out / "pictures"
    plain, finished = (cached_pictures(split, count, folder) for split in (TRAINING, FINISHED))
    given = shop.given("diffusion/vae")
    vae = AutoencoderKL.from_pretrained(given, torch_dtype=torch.float32) if given else new_vae()
    trainer = VaeTrainer(vae.to(best_device()), (plain, finished), keeps_latents=bool(given))
    train(trainer, shop.plan(steps=4000, rate=2e-3, decay=0.8), shop.checkpoint("vae"))
    trainer.ema.apply()
    vae.eval().to("cpu")
    if not given:
        normalise_latents(vae, plain[:1500])
    vae.half().save_pretrained(done)
    return done


def clip_stage(shop: Workshop) -> Path:
    """Trains CLIP; writes `clip` with its tokenizer and image processor."""
    done = shop.out / "clip"
    if done.exists():
        return done
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(tokenizer_stage(shop))
    given = shop.given("clip")
    model = CLIPModel.from_pretrained(given, dtype=torch.float32) if given else new_clip(tokenizer)
    trainer = ClipTrainer(model.to(best_device()), tokenizer, _captioned(shop))
    train(trainer, shop.plan(steps=3500, rate=1.5e-3), shop.checkpoint("clip"))
    size = {"height": 64, "width": 64}
    CLIPImageProcessorPil(size=size, crop_size=size).save_pretrained(done)
    tokenizer.save_pretrained(done)
    model.half().save_pretrained(done)
    return done


def _captioned(shop: Workshop) -> Captioned:
    pictures = cached_pictures(EVERYTHING, shop.examples, shop.out / "pictures")
    scenes = [EVERYTHING.scene(index) for index in range(shop.examples)]
    return Captioned(
        pictures,
        [scene for scene, _ in scenes],
        label_table(EVERYTHING, shop.examples),
        patch_table([placed for _, placed in scenes]),
    )


def unet_stage(shop: Workshop) -> Path:
    """Trains UNet and text encoder together; writes `unet` and `text_encoder`."""
    done = shop.out / "unet"
    if done.exists():
        return done
    torch.manual_seed(0)
    means, spread = cached_latents(
        TRAINING,
        shop.examples,
        vae=vae_stage(shop),
        folder=shop.out / "latents",
        workers=shop.workers,
    )
    scenes = [TRAINING.scene(index)[0] for index in range(shop.examples)]
    unet, text_encoder = _denoiser(shop)
    tokenizer = CLIPTokenizer.from_pretrained(tokenizer_stage(shop))
    trainer = UNetTrainer(unet, text_encoder, tokenizer, Latents(scenes, means, spread))
    train(trainer, shop.plan(steps=8000, rate=2e-3), shop.checkpoint("unet"))
    trainer.ema.apply()
    text_encoder.half().save_pretrained(shop.out / "text_encoder")
    unet.half().to(memory_format=torch.contiguous_format).save_pretrained(done)
    return done


def _denoiser(shop: Workshop) -> tuple[UNet2DConditionModel, CLIPTextModel]:
    given, device = shop.given("diffusion"), best_device()
    text = given / "text_encoder" if given else clip_stage(shop)
    text_encoder = CLIPTextModel.from_pretrained(text, dtype=torch.float32)
    unet = new_unet()
    if given:
        unet = UNet2DConditionModel.from_pretrained(given / "unet", torch_dtype=torch.float32)
    return unet.to(device), text_encoder.to(device)


def judge_stage(shop: Workshop) -> Path:
    """Trains the judge on every combination; writes `judge.safetensors`.

    From a given one it goes half of the way: it reads through strokes then, and forgets little of
    plain pictures.
    """
    done = shop.out / "judge.safetensors"
    if done.exists():
        return done
    torch.manual_seed(0)
    folder = shop.out / "pictures"
    plain, hatched = (
        cached_pictures(split, shop.examples, folder) for split in (EVERYTHING, HATCHED)
    )
    tables = [Asked.of(EVERYTHING, plain), Asked.of(HATCHED, _reconstructed(shop, hatched))]
    given = shop.given("judge.safetensors")
    network = (Judge.load(given).network if given else JudgeNetwork()).to(best_device())
    trainer = JudgeTrainer(network, tables)
    train(trainer, shop.plan(steps=4000, rate=2e-3, decay=0.8), shop.checkpoint("judge"))
    Judge(halfway(Judge.load(given).network, network) if given else network).save(done)
    return done


def _reconstructed(shop: Workshop, pictures: Tensor) -> Tensor:
    """What the VAE leaves of them."""
    folder = shop.given("diffusion/vae") or vae_stage(shop)
    vae = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).eval()
    return torch.cat([decode(vae, encode(vae, part)[0]) for part in torch.split(pictures, 25)])


def pipeline_stage(shop: Workshop) -> Path:
    """Puts the trained parts together; writes `diffusion`, a StableDiffusionPipeline folder."""
    done = shop.out / "diffusion"
    unet_stage(shop)
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(shop.out / "vae", torch_dtype=torch.float16),
        text_encoder=CLIPTextModel.from_pretrained(shop.out / "text_encoder", dtype=torch.float16),
        tokenizer=CLIPTokenizer.from_pretrained(shop.out / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(shop.out / "unet", torch_dtype=torch.float16),
        scheduler=new_noise_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(done)
    for config in done.glob("*/config.json"):
        _forget_origin(config)
    return done


def _forget_origin(config: Path) -> None:
    """Drops the path on this machine that a part was loaded from."""
    values = json.loads(config.read_text())
    values.pop("_name_or_path", None)
    config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")


STAGES: Mapping[str, Callable[[Workshop], Path]] = MappingProxyType(
    {
        "tokenizer": tokenizer_stage,
        "vae": vae_stage,
        "clip": clip_stage,
        "unet": unet_stage,
        "judge": judge_stage,
        "pipeline": pipeline_stage,
    }
)
