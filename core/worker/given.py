"""What a request brings along besides its words: pictures, read from storage, and as tensors."""

import io
from dataclasses import dataclass

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional

from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.storage import Storage
from core.worker import latents, sizes
from core.worker.canvas import Canvas, lay
from core.worker.models import Base


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Tensors that drawing begins from or is led by, on the base model's device."""

    clean: Tensor | None = None
    """Latents of the picture to begin from, (1 or one an image, channels, height, width)."""
    mask: Tensor | None = None
    """(1, 1, height, width) at the size of the latents: 1 where the picture is made anew."""
    masked: Tensor | None = None
    """Latents of the picture with grey under the mask, for models that read it beside."""


NOTHING = Given()


class Pictures:
    """Opens what requests name, for one base model."""

    def __init__(self, base: Base, storage: Storage) -> None:
        self._base, self._storage = base, storage

    def sides(self, request: ImagineRequest) -> tuple[float, float]:
        """Width and height that a request asks for: its own, its picture's, or its aspect's."""
        base = self._base
        if request.width_px and request.height_px:
            return request.width_px, request.height_px
        if request.start is None:
            return sizes.sides(request.aspect, native_px=base.native_px, step_px=base.size_step_px)
        wide, high = self.open(request.start.key).size
        more = request.expand.growth if request.expand else (1, 1)
        return sizes.near_native(wide * more[0], high * more[1], native_px=base.native_px)

    def canvas(self, request: ImagineRequest) -> Canvas | None:
        """The ground of a resolved request; None where it begins from noise alone."""
        if request.start is None:
            return None
        return lay(
            self.open(request.start.key),
            (request.width_px or 0, request.height_px or 0),
            mask=self.open(request.mask) if request.mask else None,
            margins=request.expand,
            seed=request.seeds[0],
        )

    def given(self, canvas: Canvas | None) -> Given:
        """A ground as tensors."""
        if canvas is None:
            return NOTHING
        clean = latents.encode(self._base, [canvas.picture])
        if canvas.mask is None:
            return Given(clean)
        return Given(clean, mask=_cells(canvas.mask, clean))

    def open(self, key: str) -> Image.Image:
        """A stored picture; one with transparency keeps it.

        Raises:
            InvalidInput: it cannot be read.
        """
        try:
            picture = Image.open(io.BytesIO(self._storage.get(key)))
            return picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
        except (UnidentifiedImageError, OSError) as error:
            raise InvalidInput("The picture to begin from cannot be read.") from error


def _cells(mask: Image.Image, clean: Tensor) -> Tensor:
    """A mask of pixels as one of latents: a cell is made anew as soon as one of its pixels is."""
    levels = torch.frombuffer(bytearray(mask.tobytes()), dtype=torch.uint8)
    pixels = (levels.view(1, 1, mask.height, mask.width) >= 128).float()
    return functional.adaptive_max_pool2d(pixels, clean.shape[-2:]).to(clean.device)
