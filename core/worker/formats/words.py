"""Learned words in files: the embeddings of textual inversion.

Source: Gal et al., An image is worth one word (2023). A1111 and ComfyUI keep the vectors under
`emb_params`, those of SDXL's two encoders under `clip_l` and `clip_g`; diffusers under the word.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from core.domain.recipes import VECTORS_MAX
from core.errors import InvalidInput

ONE = "emb_params"
TWO = ("clip_l", "clip_g")


def is_word(tensors: Mapping[str, Tensor]) -> bool:
    """The tensors have the names, or else the number and shape, of a word's vectors."""
    names = set(tensors)
    if names in ({ONE}, set(TWO), {TWO[0]}, {TWO[1]}):
        return True
    return (
        len(names) == 1
        and all(one.dim() in {1, 2} for one in tensors.values())
        and not any("." in name for name in names)
    )


def read_word(tensors: Mapping[str, Tensor], widths: Sequence[int]) -> tuple[Tensor, ...]:
    """For each text encoder of these widths the word's vectors, (vectors, width) in float32.

    Raises:
        InvalidInput: the vectors are of another base model, too many, or no numbers.
    """
    wanted = TWO if len(widths) == 2 else (next(iter(tensors), ONE),)
    if set(tensors) != set(wanted):
        raise InvalidInput(
            f"This embedding is for {_encoders(len(tensors))}; the model that runs here has "
            f"{_encoders(len(widths))}."
        )
    return tuple(_vectors(tensors[name], width) for name, width in zip(wanted, widths, strict=True))


def write_word(vectors: Sequence[Tensor]) -> dict[str, Tensor]:
    """The tensors of an embedding file for one or two text encoders, each (vectors, width)."""
    names = TWO if len(vectors) == 2 else (ONE,)
    return {
        name: each.detach().float().contiguous() for name, each in zip(names, vectors, strict=True)
    }


def _vectors(tensor: Tensor, width: int) -> Tensor:
    rows = tensor[None] if tensor.dim() == 1 else tensor
    if rows.dim() != 2 or rows.shape[1] != width or not rows.is_floating_point():
        raise InvalidInput(
            f"This embedding has vectors of {' × '.join(map(str, tensor.shape))}; the model that "
            f"runs here needs them {width} long. It was made for another base model."
        )
    if not 1 <= len(rows) <= VECTORS_MAX:
        raise InvalidInput(
            f"This embedding has {len(rows)} vectors; 1 to {VECTORS_MAX} can be used."
        )
    rows = rows.float()
    if not bool(torch.isfinite(rows).all()):
        raise InvalidInput("The file is damaged: it holds values that are no numbers.")
    return rows


def _encoders(count: int) -> str:
    return "one text encoder" if count == 1 else f"{count} text encoders"
