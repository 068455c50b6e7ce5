"""What a run learns from: pictures of the concept, and of the plain class that it must not lose."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from core.worker.models import Base
from core.worker.training.conditions import Conditions, encode_captions
from core.worker.training.dataset import encode_both_ways

PER_CAPTION = 4


@dataclass(frozen=True, slots=True)
class Prior:
    """Pictures of the plain class: latents of both ways round, and the encoded captions.

    `PER_CAPTION` pictures in a row were drawn from one caption, then come those of the next.
    """

    latents: Tensor
    captions: Conditions

    def draw(self, batch: int, random: torch.Generator) -> tuple[Tensor, Conditions]:
        """`batch` rows with repeats; half of them are told by the first caption, the plain one.

        Else a caption that names no surroundings would be a sign of the concept.
        """
        rows = torch.randint(0, len(self.latents), (batch,), generator=random)
        picture = rows % (len(self.latents) // 2)
        own = picture // PER_CAPTION % len(self.captions.embeds)
        said = self.captions.rows(own * torch.randint(0, 2, (batch,), generator=random))
        return self.latents[rows.to(self.latents.device)], said


@dataclass(frozen=True, slots=True)
class Material:
    """Latents of the training pictures, both ways round, and what may be said of them."""

    shown: Tensor
    captions: tuple[tuple[str, ...], ...]
    """For each picture, with the concept's word spelled as the tokenizers know it."""
    prior: Prior | None

    def draw(self, base: Base, batch: int, random: torch.Generator) -> tuple[Tensor, Conditions]:
        """`batch` rows of the concept with gradients to its word, then as many of the class."""
        rows = torch.randint(0, len(self.shown), (batch,), generator=random)
        clean = self.shown[rows.to(self.shown.device)]
        conditions = encode_captions(base, [self._say(row, random) for row in rows.tolist()])
        if self.prior is None:
            return clean, conditions
        kept, plain = self.prior.draw(batch, random)
        return torch.cat([clean, kept]), conditions.followed_by(plain)

    def _say(self, row: int, random: torch.Generator) -> str:
        """One of the captions of the picture that a row shows."""
        captions = self.captions[row % len(self.captions)]
        return captions[int(torch.randint(0, len(captions), (), generator=random))]


@torch.no_grad()
def encode_prior(base: Base, pictures: Sequence[Image.Image], captions: Sequence[str]) -> Prior:
    """Encodes pictures of the plain class, `PER_CAPTION` of them a caption in turn."""
    return Prior(encode_both_ways(base, pictures), encode_captions(base, list(captions)))
