"""One denoising step of many images, each with its own timestep, sampler, guidance and stack."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from core.worker.engine.bank import Bank
from core.worker.engine.compiled import Compiled, filled, size_of_call
from core.worker.engine.draft import Conditions, Control, Draft
from core.worker.engine.gaze import Gaze, Looking
from core.worker.engine.guidance import guide
from core.worker.engine.reach import Row, Size
from core.worker.engine.word_mask import WordMask


class Denoiser:
    """A UNet whose layers read a bank, and the ControlNets that may steer it.

    With a `compiler`, all of them are called compiled, and filled up to a few sizes of call.
    """

    def __init__(
        self,
        unet: Any,
        bank: Bank,
        controls: Mapping[str, Any],
        compiler: Callable[[Any], Compiled] | None = None,
    ) -> None:
        self._bank, self._steady = bank, compiler is not None
        self._gaze = Gaze(unet, steady=self._steady)
        self._words = WordMask(unet)
        self._weight = next(unet.parameters())
        made = compiler or (lambda model: model)
        self._unet = made(Looking(unet, self._gaze))
        self._controls = {kind: made(net) for kind, net in controls.items()}

    @torch.no_grad()
    def step(self, drafts: Sequence[Draft]) -> None:
        """Takes the next step of every draft; all are of one bucket and not sampled yet."""
        latents = torch.stack([draft.latents for draft in drafts])
        outputs, looks = self._guided(drafts, latents)
        noise = torch.stack([draft.draw_noise() for draft in drafts])
        past = torch.stack([draft.past for draft in drafts])
        terms = torch.cat([latents[:, None], outputs[:, None], past, noise[:, None]], dim=1)
        rows = _pick(drafts, "rows").to(terms)
        moved = torch.einsum("nt,nt...->n...", rows, terms)
        past = terms[:, : past.shape[1]].clone()
        taken = [_put_back(draft, after) for draft, after in zip(drafts, moved, strict=True)]
        for index, maps in self._gaze.seen(looks).items():
            drafts[index].look(maps)
        # Only now, for memory may run out at every line above, and then no step was taken.
        for draft, after, before in zip(drafts, taken, past, strict=True):
            draft.take(after, before)

    def _guided(self, drafts: Sequence[Draft], latents: Tensor) -> tuple[Tensor, Tensor | None]:
        """Model outputs in float32, (count, channels, height, width), and what was seen."""
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
        self._show([draft.ask.shown for draft in drafts], rows=len(rows))
        outputs, looks = self._outputs(
            [drafts[i] for i in order.tolist()],
            inputs[order],
            timesteps[order],
            _join(conditions, self._weight.dtype),
            rows,
        )
        made = _combine(drafts, outputs, torch.tensor(second, device=latents.device))
        return made, looks

    def _outputs(
        self,
        drafts: Sequence[Draft],
        inputs: Tensor,
        timesteps: Tensor,
        conditions: Conditions,
        rows: Sequence[Row],
    ) -> tuple[Tensor, Tensor | None]:
        count = len(inputs)
        empty = size_of_call(count) - count if self._steady else 0
        rows, wheres = [*rows, *[()] * empty], [draft.where for draft in drafts] + [None] * empty
        drafts = [*drafts, *[drafts[-1]] * empty]
        inputs = filled(inputs.to(self._weight.dtype), len(rows))
        timesteps, conditions = filled(timesteps, len(rows)), _filled(conditions, len(rows))
        options = _options(conditions) | self._steered(drafts, inputs, timesteps, conditions)
        self._bank.wear(rows, wheres, size=_size(inputs))
        made, looks = self._unet(_with_beside(drafts, inputs), timesteps, **options)
        return made[:count].float(), looks

    def _watch(self, drafts: Sequence[Draft]) -> None:
        """Watches the conditional rows of images whose adapters follow their words."""
        phrases = {
            index: draft.ask.spread.phrases
            for index, draft in enumerate(drafts)
            if draft.ask.spread is not None
        }
        tokens = drafts[0].ask.prompt.embeds.shape[1]
        size = _size(drafts[0].latents)
        self._gaze.watch(
            phrases, images=len(drafts), size=size, tokens=tokens, like=drafts[0].latents
        )

    def _show(self, shown: Sequence[Tensor | None], *, rows: int) -> None:
        """Hides words from parts of the conditional rows; the others see all that is said."""
        rows = size_of_call(rows) if self._steady else rows
        self._words.show([*shown, *[None] * (rows - len(shown))], like=self._weight)

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


def _size(latents: Tensor) -> Size:
    height, width = latents.shape[-2:]
    return height, width


def _with_beside(drafts: Sequence[Draft], inputs: Tensor) -> Tensor:
    """With what an inpaint checkpoint reads beside the latents."""
    if drafts[0].ask.beside is None:
        return inputs
    beside = torch.stack([d.ask.beside for d in drafts if d.ask.beside is not None])
    return torch.cat([inputs, beside.to(inputs)], dim=1)


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
