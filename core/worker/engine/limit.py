"""How many images may share a call: a setting, and what the memory has shown to hold."""

from collections.abc import Sequence

import torch

from core.worker.engine.draft import Draft

MEMORY_SHARE = 0.8
FIRST_GUESS = 4
"""Images of a size that was never measured on a GPU."""
DECODED_PIXELS = 4 * 1024 * 1024
"""Pixels decoded in one call: four pictures of 1024 × 1024."""

Shape = tuple[int, ...]


class Limit:
    """Bounds a batch by count, and on a GPU by measured memory, for every latent shape."""

    def __init__(self, device: torch.device, *, images: int) -> None:
        self.images = images
        """Images on their way at once, of all shapes together."""
        self._device = device
        self._bounds: dict[Shape, int] = {}
        self._ceilings: dict[Shape, int] = {}
        self._decoded: dict[int, int] = {}

    def images_of(self, draft: Draft) -> int:
        """How many images like this one may be in a call."""
        guess = FIRST_GUESS if self._device.type == "cuda" else self.images
        shape = tuple(draft.latents.shape)
        return max(1, min(self._bounds.get(shape, guess), self._ceilings.get(shape, self.images)))

    def decoded_at_once(self, pixels: int, *, whole: bool = False) -> int:
        """How many finished pictures of so many pixels are decoded in one call; with `whole`
        whatever memory has shown.
        """
        usual = max(1, DECODED_PIXELS // pixels)
        return usual if whole else self._decoded.get(pixels, usual)

    def decode_less(self, pixels: int, *, tried: int) -> None:
        """The memory did not hold so many: from now on half of them, for good."""
        self._decoded[pixels] = max(1, tried // 2)

    def halve(self, draft: Draft, *, tried: int) -> None:
        """The memory did not hold so many: from now on half of them, for good."""
        self._ceilings[tuple(draft.latents.shape)] = max(1, tried // 2)

    def held(self, drafts: Sequence[Draft]) -> None:
        """The memory held these: the bound follows what one of them took."""
        if self._device.type != "cuda":
            return
        resting = torch.cuda.memory_allocated(self._device)
        each = (torch.cuda.max_memory_allocated(self._device) - resting) / len(drafts)
        torch.cuda.reset_peak_memory_stats(self._device)
        free = torch.cuda.mem_get_info(self._device)[0]
        free += torch.cuda.memory_reserved(self._device) - resting
        room = int(MEMORY_SHARE * free / max(each, 1))
        self._bounds[tuple(drafts[0].latents.shape)] = max(1, room)
