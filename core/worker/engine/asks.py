"""A request as the images that the engine is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.requests import ImagineRequest
from core.domain.setup import Places
from core.worker import latents
from core.worker.beside import nothing_kept
from core.worker.engine.bank import Bank, pairs
from core.worker.engine.draft import Ask, Control, Repaint
from core.worker.engine.fast import FastAdapters
from core.worker.engine.places import filled, told_before, told_places
from core.worker.engine.prompts import Encoded, Prompts
from core.worker.engine.reach import Row, Worn
from core.worker.engine.shelves import Adapter
from core.worker.engine.spread import Spread, plan
from core.worker.engine.tables import Table, read_table
from core.worker.engine.word_mask import shown_words
from core.worker.given import Given
from core.worker.models import Base
from core.worker.samplers import noise_scheduler, schedule_of
from core.worker.stack import Stacks

Adapters = dict[str, Callable[[], Adapter]]
"""By storage key, read only when they are needed."""


STYLE_SHARE = 0.5
"""What a style has of its weight in the unconditional half, where concepts keep apart. With none
guidance exaggerates the style, until a red castle is salmon and has no door; with all of it
guidance draws towards things only, and a yellow dog stays bright (docs/log.md)."""


class Asks:
    """Turns resolved requests into asks for one base model and its bank."""

    def __init__(
        self, base: Base, stacks: Stacks, bank: Bank, few_steps: FastAdapters | None
    ) -> None:
        self._base, self._stacks, self._bank = base, stacks, bank
        self._few_steps = few_steps
        self._prompts = Prompts(base, stacks)

    def of(self, request: ImagineRequest, *, owner: int, alone: bool, given: Given) -> list[Ask]:
        """One ask a seed.

        Raises:
            NotLinear: the sampler is no table; the plain path can run it.
            ModelFault: the stack does not fit the model.
        """
        base, scale = self._base, request.guidance_scale or 1.0
        table = self.table(request)
        apart = request.stacking is Stacking.APART
        turns = request.stacking is Stacking.SWITCH
        said = self._prompts.encode(
            request.prompt, request.negative_prompt, request.stack, guided=scale > 1, apart=apart
        )
        size = latents.shape(base, request.width_px or 0, request.height_px or 0)
        random = latents.generators(request.seeds)
        noise = latents.noise(random, size, request.variation).to(base.device)
        ids = time_ids(base, request)
        own, always = self._adapters(request.stack), self._hurried(request)
        self._bank.print_all(own | always)
        hurried = tuple(Worn(key, 1.0) for key in always)
        worn = self._row(request.stack)
        row = (*worn, *hurried)
        conditions = replace(said.prompt, time_ids=ids)
        negative = None if said.negative is None else replace(said.negative, time_ids=ids)
        spread, shown = self._apart(request, said, size) if apart else (None, None)
        return [
            Ask(
                owner=owner,
                table=table,
                begin=_begin(request),
                start=_start(table, request, each, given.of(index)),
                prompt=conditions,
                negative=negative,
                guidance_scale=scale,
                guidance_rescale=request.guidance_rescale,
                beside=self._beside(given, size),
                repaint=self._repaint(given, each),
                control=_control(request, given),
                row=_in_turn(worn, hurried) if turns else lambda _step: row,
                bare=(*self._styles(request), *hurried),
                guided_only=apart and (request.setup is None or request.setup.bare),
                adapters=tuple(worn.adapter for worn in row),
                spread=spread,
                shown=shown,
                noise=_drawing(generator, size),
                alone=alone,
            )
            for index, (each, generator) in enumerate(zip(noise, random, strict=True))
        ]

    def table(self, request: ImagineRequest) -> Table:
        """The sampler of a request, at its steps.

        Raises:
            NotLinear: it is no table.
        """
        sampler = request.sampler or self._base.family.sampler
        steps = request.num_inference_steps or self._base.family.steps
        scheduler = noise_scheduler(sampler, schedule_of(request, self._base.noise_config))
        return read_table(scheduler, steps=steps, begin=_begin(request))

    def _row(self, stack: Sequence[StackEntry]) -> Row:
        return tuple(Worn(entry.artifact, entry.weight) for entry in self._with_adapters(stack))

    def _styles(self, request: ImagineRequest) -> Row:
        """What the unconditional half wears of the styles in a stack."""
        share = STYLE_SHARE if request.setup is None else request.setup.style_share
        styles = [entry for entry in request.stack if entry.kind is ConceptKind.STYLE]
        return tuple(Worn(one.adapter, one.weight * share) for one in self._row(styles) if share)

    def _adapters(self, stack: Sequence[StackEntry]) -> Adapters:
        keys = [entry.artifact for entry in self._with_adapters(stack)]
        return {key: partial(self._adapter, key) for key in keys}

    def _adapter(self, key: str) -> Adapter:
        return pairs(self._stacks.artifact(key).lora)

    def _hurried(self, request: ImagineRequest) -> Adapters:
        """The few-step adapter where the sampler is one that it was made for; that of its day
        where a picture is made again.
        """
        few_steps, setup = self._few_steps, request.setup
        if few_steps is None:
            return {}
        key = few_steps.key(request.sampler) if setup is None else setup.few_steps
        return {key: partial(few_steps.adapter, key)} if key else {}

    def _with_adapters(self, stack: Sequence[StackEntry]) -> list[StackEntry]:
        return [entry for entry in stack if self._stacks.outline(entry.artifact).has_adapter]

    def _beside(self, given: Given, size: tuple[int, ...]) -> Tensor | None:
        """What an inpaint checkpoint reads beside the latents of every image."""
        if not self._base.reads_masks:
            return None
        if given.mask is None or given.masked is None:
            return nothing_kept(self._base.pipe, *size[-2:])[0]
        return torch.cat([given.mask.to(given.masked), given.masked], dim=1)[0]

    def _repaint(self, given: Given, noise: Tensor) -> Repaint | None:
        """For a model that reads no mask, the picture has to be put back after every step."""
        if given.mask is None or given.clean is None or self._base.reads_masks:
            return None
        return Repaint(given.mask[0], given.clean[0].float(), noise)

    def _apart(
        self, request: ImagineRequest, said: Encoded, size: tuple[int, ...]
    ) -> tuple[Spread | None, Tensor | None]:
        """Keeps every adapter to its words and their places, and told words to theirs; a style has
        the whole picture.
        """
        worn = self._with_adapters(request.stack)
        order = [*worn, *(entry for entry in request.stack if entry not in worn)]
        words = dict(zip((entry.artifact for entry in request.stack), said.phrases, strict=True))
        phrases = tuple(
            () if entry.kind is ConceptKind.STYLE else words[entry.artifact] for entry in order
        )
        boxes, hides_words = _told(request)
        told = {name: filled(own, (size[-2], size[-1])) for name, own in boxes.items()}
        places = [told.get(entry.name) for entry in order]
        tokens, count = said.prompt.embeds.shape[1], len(worn)
        spread = plan(
            phrases[:count],
            places[:count],
            tokens=tokens,
            words_alone=phrases[count:],
            seen_from=places if hides_words else (),
        )
        shown = shown_words(phrases, places, tokens=tokens) if hides_words else None
        return spread, None if shown is None else shown.to(self._base.device)


def _told(request: ImagineRequest) -> tuple[Places, bool]:
    """Where the prompt tells concepts to be, and whether that hides their words elsewhere, as it
    did not when old pictures were made.
    """
    setup, names = request.setup, [entry.name for entry in request.stack]
    if setup is None:
        return told_places(request.prompt, names), True
    if setup.places is None:
        return told_before(request.prompt, names), False
    return setup.places, True


def time_ids(base: Base, request: ImagineRequest) -> Tensor | None:
    """SDXL's size conditions (1, 6): original size, crop, target size; None for other families."""
    if not base.xl:
        return None
    size = (request.height_px, request.width_px)
    return torch.tensor([[*size, 0, 0, *size]], device=base.device, dtype=base.dtype)


def _in_turn(row: Row, always: Row) -> Callable[[int], Row]:
    """One adapter a step, each in its turn, and what is always worn.

    Source: Zhong et al., Multi-LoRA composition for image generation (2024), section 3.1.
    """
    each: list[Row] = [(worn, *always) for worn in row] or [always]
    return lambda step: each[step % len(each)]


def _begin(request: ImagineRequest) -> int:
    """The step at which a picture to begin from comes in."""
    steps = request.num_inference_steps or 0
    return 0 if request.start is None else steps - min(int(steps * request.start.strength), steps)


def _start(table: Table, request: ImagineRequest, noise: Tensor, given: Given) -> Tensor:
    """Noise alone, or on top of the picture; a mask at full strength forgets what is under it."""
    clean, start = given.clean, request.start
    forgotten = given.mask is not None and start is not None and start.strength == 1
    if clean is None or forgotten:
        return noise * table.initial_scale
    signal, sigma = table.noising[_begin(request)].tolist()
    return torch.as_tensor(signal * clean[0].float() + sigma * noise)


def _control(request: ImagineRequest, given: Given) -> Control | None:
    asked = request.control
    if asked is None or given.control is None:
        return None
    return Control(asked.kind, given.control, asked.scale)


def _drawing(generator: torch.Generator, size: tuple[int, ...]) -> Callable[[], Tensor]:
    """Goes on drawing where the starting noise ended, as diffusers does."""
    return lambda: torch.randn(size, generator=generator)[0]
