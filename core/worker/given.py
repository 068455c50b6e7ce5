"""What a request brings along besides its words: pictures, read from storage, and as tensors."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional

from core.domain.drawing import ControlKind
from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.storage import Storage
from core.worker import latents, sizes, vae
from core.worker.canvas import Canvas, lay
from core.worker.edges import edges
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
    control: Tensor | None = None
    """(3, height_px, width_px) in 0 to 1, for a ControlNet."""

    def of(self, index: int) -> "Given":
        """What image `index` begins from."""
        if self.clean is None or len(self.clean) == 1:
            return self
        return replace(self, clean=self.clean[index : index + 1])


NOTHING = Given()
PAPER = 127
"""Mean level from which a scribble is taken for dark strokes on white paper."""


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

    def given(self, request: ImagineRequest, canvas: Canvas | None) -> Given:
        """A resolved request's ground and guide as tensors."""
        control = self._control(request)
        if canvas is None:
            return Given(control=control)
        clean = latents.encode(self._base, [canvas.picture])
        if canvas.mask is None:
            return Given(clean, control=control)
        mask = _cells(canvas.mask, clean)
        masked = self._masked(canvas.picture, canvas.mask) if self._base.reads_masks else None
        return Given(clean, mask, masked, control)

    def again(self, request: ImagineRequest, drawn: Sequence[Image.Image]) -> Given:
        """What the second pass of a request begins from: its pictures, enlarged."""
        size = (request.width_px or 0, request.height_px or 0)
        larger = [picture.resize(size, Image.Resampling.LANCZOS) for picture in drawn]
        return Given(latents.encode(self._base, larger), control=self._control(request))

    def _masked(self, picture: Image.Image, mask: Image.Image) -> Tensor:
        pixels = self._base.pipe.image_processor.preprocess(picture)
        return vae.encode(self._base.pipe.vae, [pixels * (1 - _anew(mask))])

    def _control(self, request: ImagineRequest) -> Tensor | None:
        """The map that a ControlNet follows, at the size that is drawn."""
        asked = request.control
        if asked is None:
            return None
        size = (request.width_px or 0, request.height_px or 0)
        picture = self.open(asked.key).convert("RGB").resize(size, Image.Resampling.LANCZOS)
        return guide(picture, asked.kind).to(self._base.device)

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
    return functional.adaptive_max_pool2d(_anew(mask), clean.shape[-2:]).to(clean.device)


def _anew(mask: Image.Image) -> Tensor:
    """A mask as (1, 1, height_px, width_px): 1 where the picture is made anew."""
    return (_levels(mask)[None, None] >= 128).float()


def _levels(grey: Image.Image) -> Tensor:
    levels = torch.frombuffer(bytearray(grey.tobytes()), dtype=torch.uint8)
    return levels.view(grey.height, grey.width)


def guide(picture: Image.Image, kind: ControlKind) -> Tensor:
    """A picture (RGB) as its ControlNet reads it, (3, height_px, width_px) in 0 to 1.

    Edges are found here; a scribble on white paper is turned into white on black; maps of depth
    and of poses are taken as they are.
    """
    grey = _levels(picture.convert("L")).float()
    if kind is ControlKind.EDGES:
        return edges(grey).expand(3, -1, -1)
    levels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    pixels = levels.view(picture.height, picture.width, 3).permute(2, 0, 1).float() / 255
    inverted = kind is ControlKind.SCRIBBLE and grey.mean() > PAPER
    return 1 - pixels if inverted else pixels
