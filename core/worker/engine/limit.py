"""How many images may share a call: a setting, and what the memory has shown to hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from core.worker.engine.draft import Draft

MEMORY_SHARE = 0.8
FIRST_GUESS = 4
"""Images of a size that was never measured on a GPU."""
DECODED_PIXELS = 4 * 1024 * 1024
"""Pixels decoded in one call: four pictures of 1024 × 1024."""
PATIENCE = 100
"""Full calls that the memory has to hold before one image more is tried; twice as many after each
try that failed.
"""

Shape = tuple[int, ...]


@dataclass(slots=True)
class _Ceiling:
    """How many the memory holds since it once did not hold more."""

    most: int
    patience: int = PATIENCE
    _held: int = 0
    _is_trying: bool = False
    """The last one was added to see whether there is room again."""

    def sink(self, tried: int) -> None:
        """The memory did not hold so many: one less where that was a try, else half of them."""
        self.most = max(1, tried - 1 if self._is_trying else tried // 2)
        self.patience *= 2 if self._is_trying else 1
        self._held, self._is_trying = 0, False

    def hold(self, count: int) -> None:
        """The memory held so many."""
        self._held += count >= self.most
        if self._held == self.patience:
            self.most += 1
            self._held, self._is_trying = 0, True


class Limit:
    """Bounds a batch by count, and on a GPU by measured memory, for every latent shape."""

    def __init__(self, device: torch.device, *, images: int) -> None:
        self.images = images
        """Images on their way at once, of all shapes together."""
        self._device = device
        self._bounds: dict[Shape, int] = {}
        self._ceilings: dict[Shape, _Ceiling] = {}
        self._decoded: dict[int, _Ceiling] = {}

    def images_of(self, draft: Draft) -> int:
        """How many images like this one may be in a call."""
        guess = FIRST_GUESS if self._device.type == "cuda" else self.images
        shape = tuple(draft.latents.shape)
        ceiling = self._ceilings.get(shape)
        most = self.images if ceiling is None else ceiling.most
        return max(1, min(self._bounds.get(shape, guess), most))

    def decoded_at_once(self, pixels: int, *, whole: bool = False) -> int:
        """How many finished pictures of so many pixels are decoded in one call; with `whole`
        whatever memory has shown.
        """
        usual, ceiling = max(1, DECODED_PIXELS // pixels), self._decoded.get(pixels)
        return usual if whole or ceiling is None else min(usual, ceiling.most)

    def decode_less(self, pixels: int, *, tried: int) -> None:
        """The memory did not hold so many: half of them, until it is seen to hold more."""
        self._decoded.setdefault(pixels, _Ceiling(tried)).sink(tried)

    def decoded(self, pixels: int, count: int) -> None:
        """The memory held so many."""
        if pixels in self._decoded:
            self._decoded[pixels].hold(count)

    def halve(self, draft: Draft, *, tried: int) -> None:
        """The memory did not hold so many: half of them, until it is seen to hold more."""
        shape = tuple(draft.latents.shape)
        self._ceilings.setdefault(shape, _Ceiling(tried)).sink(tried)

    def begin(self) -> None:
        """A step follows; what decoding and training took before is not its own."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)

    def held(self, drafts: Sequence[Draft]) -> None:
        """The memory held these: the bound follows what one of them took since `begin`."""
        shape = tuple(drafts[0].latents.shape)
        if shape in self._ceilings:
            self._ceilings[shape].hold(len(drafts))
        if self._device.type != "cuda":
            return
        resting = torch.cuda.memory_allocated(self._device)
        each = (torch.cuda.max_memory_allocated(self._device) - resting) / len(drafts)
        free = torch.cuda.mem_get_info(self._device)[0]
        free += torch.cuda.memory_reserved(self._device) - resting
        room = int(MEMORY_SHARE * free / max(each, 1))
        self._bounds[shape] = max(1, room)
