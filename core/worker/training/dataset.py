"""Pictures as training rows: cut to a bucket's size, both ways round, encoded once."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from core.domain.recipes import Recipe
from core.errors import InvalidInput
from core.storage import Storage
from core.worker import latents
from core.worker.models import Base
from core.worker.training.buckets import Cut, bucket_sizes, cut_for, nearest

MARKED_LEAST = 0.1
"""Of one cell at least so much must be marked for a mask to leave anything to learn."""


@dataclass(frozen=True, slots=True)
class Example:
    """A training picture, and a grey mask of its size that is white where it is learned."""

    picture: Image.Image
    mask: Image.Image | None = None


@dataclass(frozen=True, slots=True)
class Views:
    """Pictures of one size as rows."""

    clean: Tensor
    """Latents (rows, channels, height, width)."""
    cells: Tensor | None = None
    """(rows, 1, height, width): how much each cell counts, 0 to 1; None: all alike."""
    sizes: Tensor | None = None
    """(rows, 6): what SDXL is told of sizes; None for other families."""

    def rows(self, index: Tensor | slice) -> "Views":
        """Some of them, with repeats as asked."""
        if isinstance(index, Tensor):
            index = index.to(self.clean.device)
        cells = None if self.cells is None else self.cells[index]
        sizes = None if self.sizes is None else self.sizes[index]
        return Views(self.clean[index], cells, sizes)

    def followed_by(self, other: "Views") -> "Views":
        """These rows, then the others, of the same size."""
        cells = None
        if self.cells is not None or other.cells is not None:
            cells = torch.cat([self._weights(), other._weights()])
        sizes = None
        if self.sizes is not None and other.sizes is not None:
            sizes = torch.cat([self.sizes, other.sizes])
        return Views(torch.cat([self.clean, other.clean]), cells, sizes)

    def _weights(self) -> Tensor:
        return torch.ones_like(self.clean[:, :1]) if self.cells is None else self.cells


@dataclass(frozen=True, slots=True)
class Bucket:
    """Rows of one size; row i shows picture `of[i % len(of)]`, the second time mirrored."""

    views: Views
    of: tuple[int, ...]

    def repeated(self, first: int, times: int) -> "Bucket":
        """The `first` pictures so many times instead of once, before the others."""
        own = [row for row, picture in enumerate(self.of) if picture < first]
        others = [row for row, picture in enumerate(self.of) if picture >= first]
        rows, count = own * times + others, len(self.of)
        ways = range(0, len(self.views.clean), count)
        index = torch.tensor([start + row for start in ways for row in rows])
        return Bucket(self.views.rows(index), tuple(self.of[row] for row in rows))


def open_pictures(storage: Storage, keys: Sequence[str]) -> list[Image.Image]:
    """Pictures by storage key.

    Raises:
        InvalidInput: one of them is not a picture; says which.
    """
    return [
        _open(storage.get(key), f"Training picture {index}")
        for index, key in enumerate(keys, start=1)
    ]


def open_examples(storage: Storage, pictures: Sequence[str], masks: Sequence[str]) -> list[Example]:
    """Pictures with their masks by storage keys; "" or no keys at all are none.

    Raises:
        InvalidInput: one of them is not a picture; says which.
    """
    marks = [
        _open(storage.get(key), f"The mask of training picture {index}").convert("L")
        if key
        else None
        for index, key in enumerate(masks or [""] * len(pictures), start=1)
    ]
    return [Example(*pair) for pair in zip(open_pictures(storage, pictures), marks, strict=True)]


def encode_buckets(base: Base, examples: Sequence[Example], recipe: Recipe) -> list[Bucket]:
    """The pictures in buckets, by the recipe's word on buckets, flips and masks.

    Raises:
        InvalidInput: a mask leaves nothing of its picture to learn; says which.
    """
    cuts = [_cut(base, example, recipe) for example in examples]
    return [
        Bucket(_encode(base, examples, cuts, of, recipe), of)
        for size in dict.fromkeys(cut.size for cut in cuts)
        for of in [tuple(index for index, cut in enumerate(cuts) if cut.size == size)]
    ]


def encode_whole(base: Base, pictures: Sequence[Image.Image], *, flips: bool = True) -> Views:
    """The middle squares of pictures at the native side, then their mirror images."""
    recipe = Recipe(buckets=False, flips=flips)
    (bucket,) = encode_buckets(base, [Example(picture) for picture in pictures], recipe)
    return bucket.views


def squared(picture: Image.Image, side_px: int) -> Image.Image:
    """The middle square of a picture, `side_px` wide."""
    return Cut(picture.size, (side_px, side_px)).of(picture)


def _cut(base: Base, example: Example, recipe: Recipe) -> Cut:
    """To the middle of the picture, or of what is marked in it."""
    size = (base.native_px, base.native_px)
    if recipe.buckets:
        size = nearest(example.picture.size, bucket_sizes(base.native_px, base.size_step_px))
    return cut_for(example.picture.size, size, example.mask)


def _encode(
    base: Base, examples: Sequence[Example], cuts: Sequence[Cut], of: Sequence[int], recipe: Recipe
) -> Views:
    pictures = [cuts[index].of(examples[index].picture) for index in of]
    turned = [ImageOps.mirror(picture) for picture in pictures] if recipe.flips else []
    clean = latents.encode(base, pictures + turned)
    return Views(
        clean,
        _cells(base, examples, cuts, of, recipe),
        _sizes(base, [cuts[index] for index in of], recipe),
    )


def _cells(
    base: Base, examples: Sequence[Example], cuts: Sequence[Cut], of: Sequence[int], recipe: Recipe
) -> Tensor | None:
    """How much each cell counts; None where no picture is masked."""
    if not any(examples[index].mask for index in of) or recipe.mask_floor == 1:
        return None
    marked = torch.stack([_marked(base, examples[index], cuts[index], index) for index in of])
    both = torch.cat([marked, marked.flip(-1)]) if recipe.flips else marked
    return (recipe.mask_floor + (1 - recipe.mask_floor) * both).to(base.device)


def _marked(base: Base, example: Example, cut: Cut, index: int) -> Tensor:
    """The share of each cell that is marked, (1, height, width)."""
    factor = base.pipe.vae_scale_factor
    mask = example.mask or Image.new("L", example.picture.size, 255)
    marked = torch.from_numpy(np.asarray(cut.cells(mask, factor), dtype=np.float32) / 255)
    if marked.max() < MARKED_LEAST:
        raise InvalidInput(
            f"The mask of training picture {index + 1} marks too little to learn from, "
            "or too near an edge that is cut off. Paint more of it white."
        )
    return marked[None]


def _sizes(base: Base, cuts: Sequence[Cut], recipe: Recipe) -> Tensor | None:
    if not base.xl:
        return None
    told = [cut.told(mirrored=False) for cut in cuts]
    told += [cut.told(mirrored=True) for cut in cuts] if recipe.flips else []
    return torch.tensor(told, device=base.device, dtype=base.dtype)


def _open(data: bytes, what: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data)).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise InvalidInput(f"{what} cannot be read. Send it again.") from error
