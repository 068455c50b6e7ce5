"""One denoising step of many images, each with its own timestep, sampler, guidance and stack."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from core.worker.engine.bank import Bank
from core.worker.engine.compiled import Compiled, filled, size_of_call
from core.worker.engine.draft import Conditions, Control, Draft
from core.worker.engine.gaze import Gaze
from core.worker.engine.guidance import guide
from core.worker.engine.reach import Row


class Denoiser:
    """A UNet whose layers read a bank, and the ControlNets that may steer it.

    Its compiled form, where it has one, takes the calls in which nothing is watched, confined or
    steered; what those need changes from step to step.
    """

    def __init__(
        self, unet: Any, bank: Bank, controls: Mapping[str, Any], compiled: Compiled | None = None
    ) -> None:
        self._unet, self._bank, self._controls = unet, bank, controls
        self._compiled = compiled
        self._gaze = Gaze(unet)
        self._weight = next(unet.parameters())

    @torch.no_grad()
    def step(self, drafts: Sequence[Draft]) -> None:
        """Takes the next step of every draft; all are of one bucket and not sampled yet."""
        latents = torch.stack([draft.latents for draft in drafts])
        outputs = self._guided(drafts, latents)
        noise = torch.stack([draft.draw_noise() for draft in drafts])
        past = torch.stack([draft.past for draft in drafts])
        terms = torch.cat([latents[:, None], outputs[:, None], past, noise[:, None]], dim=1)
        rows = _pick(drafts, "rows").to(terms)
        moved = torch.einsum("nt,nt...->n...", rows, terms)
        past = terms[:, : past.shape[1]].clone()
        taken = [_put_back(draft, after) for draft, after in zip(drafts, moved, strict=True)]
        for index, maps in self._gaze.seen().items():
            drafts[index].look(maps)
        # Only now, for memory may run out at every line above, and then no step was taken.
        for draft, after, before in zip(drafts, taken, past, strict=True):
            draft.take(after, before)

    def _guided(self, drafts: Sequence[Draft], latents: Tensor) -> Tensor:
        """Model outputs in float32, (count, channels, height, width)."""
        scales = _pick(drafts, "input_scale").to(latents)
        inputs = latents * scales.view(-1, 1, 1, 1)
        timesteps = _pick(drafts, "timesteps").to(latents.device)
        second = [i for i, draft in enumerate(drafts) if draft.ask.negative is not None]
        order = torch.tensor([*range(len(drafts)), *second], device=latents.device)
        conditions = [draft.ask.prompt for draft in drafts]
        conditions += [n for i in second if (n := drafts[i].ask.negative) is not None]
        self._watch(drafts)
        rows = [draft.ask.row(draft.step) for draft in drafts]
        rows += [drafts[i].ask.negative_row(drafts[i].step) for i in second]
        outputs = self._outputs(
            [drafts[i] for i in order.tolist()],
            inputs[order],
            timesteps[order],
            _join(conditions, self._weight.dtype),
            rows,
        )
        return _combine(drafts, outputs, torch.tensor(second, device=latents.device))

    def _outputs(
        self,
        drafts: Sequence[Draft],
        inputs: Tensor,
        timesteps: Tensor,
        conditions: Conditions,
        rows: Sequence[Row],
    ) -> Tensor:
        inputs = inputs.to(self._weight.dtype)
        options = _options(conditions) | self._steered(drafts, inputs, timesteps, conditions)
        if drafts[0].ask.beside is not None:
            beside = torch.stack([d.ask.beside for d in drafts if d.ask.beside is not None])
            inputs = torch.cat([inputs, beside.to(inputs)], dim=1)
        wheres = [draft.where for draft in drafts]
        plain = options.keys() <= {"encoder_hidden_states", "added_cond_kwargs"}
        if self._compiled is not None and plain and not any(wheres):
            return self._from_compiled(self._compiled, inputs, timesteps, conditions, rows)
        self._bank.wear(rows, wheres)
        result = self._unet(inputs, timesteps, **options, return_dict=False)[0]
        return torch.as_tensor(result).float()

    def _from_compiled(
        self,
        compiled: Compiled,
        inputs: Tensor,
        timesteps: Tensor,
        conditions: Conditions,
        rows: Sequence[Row],
    ) -> Tensor:
        count, size = len(inputs), size_of_call(len(inputs))
        self._bank.wear([*rows, *[()] * (size - count)])
        options = _options(_filled(conditions, size))
        inputs, timesteps = filled(inputs, size), filled(timesteps, size)
        return compiled(count, inputs, timesteps, **options).float()

    def _watch(self, drafts: Sequence[Draft]) -> None:
        """Watches the conditional rows of images whose adapters follow their words."""
        phrases = {
            index: draft.ask.spread.phrases
            for index, draft in enumerate(drafts)
            if draft.ask.spread is not None
        }
        tokens = drafts[0].ask.prompt.embeds.shape[1]
        height, width = drafts[0].latents.shape[-2:]
        self._gaze.watch(phrases, size=(height, width), tokens=tokens)

    def _steered(
        self, drafts: Sequence[Draft], inputs: Tensor, timesteps: Tensor, conditions: Conditions
    ) -> dict[str, Any]:
        """What a ControlNet adds, each row at its own strength."""
        controls = [draft.ask.control for draft in drafts]
        if controls[0] is None:
            return {}
        steering: list[Control] = [control for control in controls if control is not None]
        pictures = torch.stack([control.picture for control in steering]).to(inputs)
        down, middle = self._controls[steering[0].net](
            inputs, timesteps, **_options(conditions), controlnet_cond=pictures, return_dict=False
        )
        strengths = torch.tensor([control.scale for control in steering]).to(inputs)
        strengths = strengths.view(-1, 1, 1, 1)
        return {
            "down_block_additional_residuals": [each * strengths for each in down],
            "mid_block_additional_residual": middle * strengths,
        }


def _combine(drafts: Sequence[Draft], outputs: Tensor, second: Tensor) -> Tensor:
    """Guidance for the drafts that have an unconditional half."""
    conditional, unconditional = outputs[: len(drafts)], outputs[len(drafts) :]
    if len(second) == 0:
        return conditional
    asks = [drafts[i].ask for i in second.tolist()]
    guided = guide(
        conditional[second],
        unconditional,
        scale=torch.tensor([ask.guidance_scale for ask in asks]).to(outputs),
        rescale=torch.tensor([ask.guidance_rescale for ask in asks]).to(outputs),
    )
    return conditional.index_copy(0, second, guided)


def _put_back(draft: Draft, after: Tensor) -> Tensor:
    """Outside the mask the picture's own latents at the noise of the next step."""
    kept = draft.ask.repaint
    if kept is None:
        return after
    signal, sigma = draft.ask.table.noising[draft.step + 1].tolist()
    own = signal * kept.clean + sigma * kept.noise
    return torch.lerp(own, after, kept.mask)


def _pick(drafts: Sequence[Draft], column: str) -> Tensor:
    """What the tables say for each draft's own step."""
    picked = [getattr(draft.ask.table, column)[draft.step].float() for draft in drafts]
    return torch.stack(picked)


def _join(rows: Sequence[Conditions], dtype: torch.dtype) -> Conditions:
    def joined(parts: Sequence[Tensor | None]) -> Tensor | None:
        held = [part for part in parts if part is not None]
        return torch.cat(held).to(dtype) if held else None

    embeds = torch.cat([row.embeds for row in rows]).to(dtype)
    return Conditions(
        embeds, joined([row.pooled for row in rows]), joined([row.time_ids for row in rows])
    )


def _filled(conditions: Conditions, size: int) -> Conditions:
    pooled, ids = conditions.pooled, conditions.time_ids
    return Conditions(
        filled(conditions.embeds, size),
        None if pooled is None else filled(pooled, size),
        None if ids is None else filled(ids, size),
    )


def _options(conditions: Conditions) -> dict[str, Any]:
    options: dict[str, Any] = {"encoder_hidden_states": conditions.embeds}
    if conditions.pooled is not None:
        added = {"text_embeds": conditions.pooled, "time_ids": conditions.time_ids}
        options["added_cond_kwargs"] = added
    return options
