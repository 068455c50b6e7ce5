"""Plain diffusers and the engine over the same weights, and requests with stacks of their own."""

import logging
import math
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from tempfile import mkdtemp
from typing import Any
from unittest import mock

import torch
from peft.utils import set_peft_model_state_dict
from torch import Tensor

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.requests import ImagineRequest
from core.storage import Storage
from core.worker.adapters import lora_config
from core.worker.artifact import Artifact, pack
from core.worker.engine.bank import share
from core.worker.engine.draft import Draft
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING
from core.worker.models import Base
from core.worker.samplers import noise_scheduler
from core.worker.stack import Stacks

RANK = 8
PROMPT = "a photo of a temple in a forest, number {}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What one image is asked for: its request, and its stack as names and weights."""

    request: ImagineRequest
    stack: tuple[tuple[str, float], ...]


class Plain:
    """diffusers alone: every adapter is loaded beforehand, `set_adapters` before each call."""

    def __init__(self, base: Base, adapters: dict[str, dict[str, Tensor]]) -> None:
        self._base, self._unet = base, share(base.pipe.unet)
        self._pipe = type(base.pipe)(**{**base.pipe.components, "unet": self._unet})
        self._pipe.set_progress_bar_config(disable=True)
        for name, weights in adapters.items():
            config = lora_config(rank=RANK, targets=base.family.lora_targets)
            self._unet.add_adapter(config, name)
            set_peft_model_state_dict(self._unet, weights, adapter_name=name)
        self._unet.to(base.dtype).requires_grad_(False)

    def draw(self, wish: Wish) -> Tensor:
        """One image, (channels, height, width) in 0 to 1."""
        request = wish.request
        self._unet.set_adapters([name for name, _ in wish.stack], [w for _, w in wish.stack])
        self._pipe.scheduler = noise_scheduler(
            request.sampler or self._base.family.sampler, self._base.noise_config
        )
        made = self._pipe(
            request.prompt,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            width=request.width_px,
            height=request.height_px,
            generator=torch.Generator().manual_seed(request.seeds[0]),
            output_type="pt",
        )
        return torch.as_tensor(made.images[0])


class Ours:
    """The engine, asked as the worker asks it."""

    def __init__(
        self,
        base: Base,
        *,
        images: int,
        adapter_bytes: int,
        storage: Storage | None = None,
        **options: Any,
    ) -> None:
        self.storage = storage or Storage(f"file://{mkdtemp(prefix='atelier-bench-')}")
        self.stacks = Stacks(base, self.storage)
        self.studio = Studio(
            base, self.stacks, images=images, adapter_bytes=adapter_bytes, **options
        )
        self.finished_s: list[float] = []

    def draw(
        self, wishes: Sequence[Wish], *, between: Callable[[], object] = lambda: None
    ) -> list[Draft]:
        """All at once; `finished_s` says when each had its picture, from the beginning on.

        `between` two steps something else may be done.
        """
        began_s = time.perf_counter()
        drafts = [self._admit(wish, owner) for owner, wish in enumerate(wishes)]
        waiting, self.finished_s = list(drafts), []
        while waiting:
            self.studio.advance()
            between()
            done = [draft for draft in waiting if draft.picture is not None]
            if done:
                settle()
                self.finished_s += [time.perf_counter() - began_s] * len(done)
                waiting = [draft for draft in waiting if draft.picture is None]
        return drafts

    def _admit(self, wish: Wish, owner: int) -> Draft:
        (draft,) = self.studio.admit(wish.request, owner=owner, alone=False, given=NOTHING)
        return draft


class Library:
    """Random adapters by name, the same for both sides."""

    def __init__(self, base: Base, ours: Ours, count: int) -> None:
        self._base, self.storage = base, ours.storage
        unet = share(base.pipe.unet)
        unet.add_adapter(lora_config(rank=RANK, targets=base.family.lora_targets), "mould")
        self._shapes = {
            name.replace(".mould", ""): value.shape
            for name, value in unet.state_dict().items()
            if ".mould." in name
        }
        self.adapters = {f"concept{index}": self._random(index) for index in range(count)}
        self._keys = {name: self._keep(name) for name in self.adapters}

    def wish(self, index: int, names: Sequence[str], **values: Any) -> Wish:
        """The request for one image with these concepts, summed, as `set_adapters` has it."""
        stack = tuple((name, 0.5 + 0.01 * (index % 32)) for name in names)
        defaults = {"prompt": PROMPT.format(index), "seeds": (index,), "stacking": Stacking.SUM}
        entries = tuple(self._entry(name, weight) for name, weight in stack)
        return Wish(ImagineRequest(stack=entries, **(defaults | values)), stack)

    def pairs(self, count: int, **values: Any) -> list[Wish]:
        """So many requests, each with two concepts that no other has while they last."""
        names = list(self.adapters)
        return [
            self.wish(i, [names[2 * i % len(names)], names[(2 * i + 1) % len(names)]], **values)
            for i in range(count)
        ]

    def _random(self, seed: int) -> dict[str, Tensor]:
        random = torch.Generator().manual_seed(seed)
        return {
            name: torch.randn(shape, generator=random) * 0.05
            for name, shape in self._shapes.items()
        }

    def _keep(self, name: str) -> str:
        facts = {"name": name, "model": self._base.name, "family": self._base.family.name}
        facts |= {"rank": RANK, "targets": list(self._base.family.lora_targets)}
        return self.storage.put(pack(Artifact(self.adapters[name], (), facts)))

    def _entry(self, name: str, weight: float) -> StackEntry:
        number = int(name.removeprefix("concept"))
        return StackEntry(
            concept_id=number, version_id=number, name=name, class_noun="temple",
            kind=ConceptKind.SUBJECT, artifact=self._keys[name], weight=weight,
        )  # fmt: skip


def apart(wishes: Sequence[Wish]) -> list[Wish]:
    """The same requests with concepts kept apart, as Atelier draws by default."""
    default = {"stacking": ImagineRequest.model_fields["stacking"].default}
    return [replace(wish, request=wish.request.model_copy(update=default)) for wish in wishes]


def picture_of(draft: Draft) -> Tensor:
    """What was drawn, (3, height_px, width_px) in 0 to 1 on the CPU.

    Raises:
        RuntimeError: the engine has not drawn it.
    """
    if draft.picture is None:
        raise RuntimeError("the engine has not drawn it")
    return (draft.picture.float().cpu() / 2 + 0.5).clamp(0, 1)


def psnr_db(one: Tensor, other: Tensor) -> str:
    """How near two pictures in 0 to 1 are."""
    error = float((one - other).square().mean())
    return "the same" if error == 0 else f"{-10 * math.log10(error):.1f}"


class Peak:
    """The most that was allocated on the GPU; 0 without one."""

    bytes = 0

    def note(self) -> None:
        """Takes in what torch has seen since it last forgot."""
        if torch.cuda.is_available():
            self.bytes = max(self.bytes, torch.cuda.max_memory_allocated())


@contextmanager
def watched() -> Iterator[Peak]:
    """The peak of what is done inside, though the engine has torch forget it at every step."""
    peak, forget = Peak(), torch.cuda.reset_peak_memory_stats

    def note_and_forget(*devices: Any) -> None:
        peak.note()
        forget(*devices)

    if torch.cuda.is_available():
        forget()
    with mock.patch.object(torch.cuda, "reset_peak_memory_stats", note_and_forget):
        yield peak
    peak.note()


def seconds(work: Callable[[], object]) -> float:
    """How long it took, with what it left to the GPU."""
    settle()
    began_s = time.perf_counter()
    work()
    settle()
    return time.perf_counter() - began_s


def settle() -> None:
    """Waits for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def medians(rounds: int, **works: Callable[[], object]) -> dict[str, float]:
    """Median seconds of each, in turn after one round that does not count."""
    for work in works.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(seconds(work))
    return {name: statistics.median(each) for name, each in taken.items()}


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many CPU threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def quiet() -> None:
    """Leaves out what the libraries say of adapters and safety; several adapters are meant."""
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore", message="Already found a `peft_config`")
