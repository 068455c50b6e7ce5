"""DreamBooth-LoRA as diffusers' example script teaches it: the baseline of training time.

Nothing is kept from one step to the next: both encoders run at every step, plain pictures are drawn
by the pipeline and read again, adapters are peft's, the loop is PyTorch's. Recipe and captions are
ours, so that the score can be the same; the word learns as in diffusers' textual inversion example,
as a row of the whole table, with the others put back after every step.

Source: diffusers 0.42, examples/dreambooth/train_dreambooth_lora.py and
examples/textual_inversion/textual_inversion.py.
"""

from collections.abc import Generator, Sequence
from typing import Any

import torch
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from PIL import Image, ImageOps
from torch import Tensor

from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.worker.artifact import Artifact
from core.worker.models import Base
from core.worker.samplers import noise_scheduler
from core.worker.training.kept import PER_CAPTION
from core.worker.training.objective import Objective
from core.worker.training.schedule import rate_factor


class PlainLoop:
    """Teaches one request's concept to a base model of its own, which it changes."""

    def __init__(self, base: Base, request: TrainRequest, recipe: Recipe, *, half: bool) -> None:
        self._base, self._request, self._recipe = base, request, recipe
        self._pipe, self._dtype = base.pipe, torch.bfloat16 if half else torch.float32
        self._half, self._random = half, torch.Generator().manual_seed(request.seed)
        self._objective = Objective(base.noise_config, snr_cap=recipe.snr_cap)

    def slices(
        self, pictures: Sequence[Image.Image], said: Sequence[Sequence[str]], plain: Sequence[str]
    ) -> Generator[str, None, Artifact]:
        """Draws plain pictures, then learns; yields what was done after each piece of it.

        `said` has the captions of each picture, `plain` those of the class.
        """
        drawn: list[tuple[Image.Image, str]] = []
        for index in range(-(-self._recipe.prior_pictures // PER_CAPTION)):
            caption = plain[index % len(plain)]
            count = min(PER_CAPTION, self._recipe.prior_pictures - len(drawn))
            drawn += [(picture, caption) for picture in self._drawn(caption, count)]
            yield "prior"
        self._begin()
        for _ in range(self._recipe.steps):
            own = [self._pick(pictures, said) for _ in range(self._recipe.batch)]
            kept = [drawn[self._chance(len(drawn))] for _ in range(self._recipe.batch)]
            self._step([*own, *kept])
            yield "step"
        return self._made()

    def _drawn(self, caption: str, count: int) -> list[Image.Image]:
        family = self._base.family
        self._pipe.scheduler = noise_scheduler(family.sampler, self._base.noise_config)
        with torch.no_grad():
            made = self._pipe(
                [caption] * count,
                num_inference_steps=family.steps,
                guidance_scale=family.guidance_scale,
                generator=self._random,
            )
        return list(made.images)

    def _begin(self) -> None:
        pipe, recipe = self._pipe, self._recipe
        pipe.tokenizer.add_tokens(f"<{self._request.name}>")
        noun = pipe.tokenizer(self._request.class_noun, add_special_tokens=False).input_ids
        pipe.text_encoder.resize_token_embeddings(len(pipe.tokenizer), mean_resizing=False)
        self._table = pipe.text_encoder.get_input_embeddings().weight
        with torch.no_grad():
            self._table[-1] = self._table[noun].mean(0)
        self._before = self._table.detach().clone()
        self._table.requires_grad_(True)
        pipe.unet.to(self._dtype)
        pipe.vae.to(self._dtype)
        targets = list(self._base.family.lora_targets)
        config = LoraConfig(
            r=recipe.rank, lora_alpha=recipe.rank, init_lora_weights="gaussian",
            target_modules=targets,
        )  # fmt: skip
        pipe.unet.add_adapter(config)
        cast_training_params(pipe.unet, dtype=torch.float32)
        self._adapter = [p for p in pipe.unet.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {
                "params": self._adapter,
                "lr": recipe.learning_rate,
                "weight_decay": recipe.weight_decay,
            },
            {"params": [self._table], "lr": recipe.token_learning_rate, "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: rate_factor(min(step, recipe.steps - 1), recipe)
        )

    def _step(self, rows: Sequence[tuple[Image.Image, str]]) -> None:
        recipe, batch = self._recipe, self._recipe.batch
        with torch.autocast("cpu", torch.bfloat16, enabled=self._half):
            noised = self._objective.noise(self._latents(rows).float(), self._random)
            answer = self._pipe.unet(
                noised.latents.to(self._dtype), noised.timesteps, self._told(rows)
            ).sample
        losses = self._objective.losses(answer, noised)
        (losses[:batch].mean() + recipe.prior_weight * losses[batch:].mean()).backward()
        torch.nn.utils.clip_grad_norm_([*self._adapter, self._table], recipe.gradient_norm_max)
        self._optimizer.step()
        self._schedule.step()
        self._optimizer.zero_grad()
        with torch.no_grad():
            self._table[:-1] = self._before[:-1]

    def _latents(self, rows: Sequence[tuple[Image.Image, str]]) -> Tensor:
        vae, processor = self._pipe.vae, self._pipe.image_processor
        pixels = torch.cat([processor.preprocess(picture) for picture, _ in rows])
        with torch.no_grad():
            found = vae.encode(pixels.to(self._dtype)).latent_dist.sample(self._random)
        scaled: Tensor = found * vae.config.scaling_factor
        return scaled

    def _told(self, rows: Sequence[tuple[Image.Image, str]]) -> Tensor:
        tokenizer = self._pipe.tokenizer
        ids = tokenizer(
            [caption for _, caption in rows], padding="max_length", truncation=True,
            max_length=tokenizer.model_max_length, return_tensors="pt",
        ).input_ids  # fmt: skip
        told: Tensor = self._pipe.text_encoder(ids)[0]
        return told

    def _pick(
        self, pictures: Sequence[Image.Image], said: Sequence[Sequence[str]]
    ) -> tuple[Image.Image, str]:
        index = self._chance(len(pictures))
        caption = said[index][self._chance(len(said[index]))]
        mirrored = self._recipe.flips and self._chance(2) == 1
        return ImageOps.mirror(pictures[index]) if mirrored else pictures[index], caption

    def _chance(self, count: int) -> int:
        return int(torch.randint(0, count, (), generator=self._random))

    def _made(self) -> Artifact:
        """As Atelier keeps a version, so that both are drawn and judged in the same way."""
        base, request = self._base, self._request
        facts = {
            "name": request.name, "class_noun": request.class_noun, "kind": request.concept_kind,
            "model": base.name, "family": base.family.name, "rank": self._recipe.rank,
            "targets": list(base.family.lora_targets),
        }  # fmt: skip
        word = torch.stack([self._table[-1].detach(), self._before[-1]])
        lora = get_peft_model_state_dict(self._pipe.unet)
        return Artifact({key: value.detach() for key, value in lora.items()}, (word,), facts)
