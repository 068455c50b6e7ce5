"""What a step learns from: rows of the concept, and rows that must not be lost."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.worker.models import Base
from core.worker.training.conditions import Conditions, encode_captions


@dataclass(frozen=True, slots=True)
class Rows:
    """Clean latents (count, channels, height, width), and what is said of each."""

    clean: Tensor
    conditions: Conditions
    frozen: Conditions | None = None
    """Where the base model's own answer is the target: what it is told."""

    def followed_by(self, other: "Rows") -> "Rows":
        """These rows, then the others."""
        conditions = self.conditions.followed_by(other.conditions)
        return Rows(torch.cat([self.clean, other.clean]), conditions)


@dataclass(frozen=True, slots=True)
class Captions:
    """Captions as text and as the base model encodes them, the plain one first."""

    texts: tuple[str, ...]
    encoded: Conditions

    def rows(self, index: Tensor, live: Base | None) -> Conditions:
        """Some of them; with a `live` base as it encodes them now, with gradients."""
        if live is None:
            return self.encoded.rows(index)
        return encode_captions(live, [self.texts[i] for i in index.tolist()])


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to stay as it is: captions, and pictures that were drawn from them.

    `latents` holds the pictures, then their mirror images; as many in a row as `per_caption` were
    drawn from one caption, then come those of the next. None: the base model's own answers are the
    target, on the latents of the concept's pictures.
    """

    captions: Captions
    latents: Tensor | None
    per_caption: int

    def draw(self, shown: Tensor, random: torch.Generator, live: Base | None = None) -> Rows:
        """As many rows as `shown` has, with repeats; half are told by the plain caption.

        Else a caption that names no surroundings would be a sign of the concept.
        """
        if self.latents is None:
            own = torch.randint(0, len(self.captions.texts), (len(shown),), generator=random)
            clean = shown
        else:
            rows = torch.randint(0, len(self.latents), (len(shown),), generator=random)
            picture = rows % (len(self.latents) // 2)
            own = picture // self.per_caption % len(self.captions.texts)
            clean = self.latents[rows.to(self.latents.device)]
        said = own * torch.randint(0, 2, (len(shown),), generator=random)
        frozen = self.captions.encoded.rows(said) if self.latents is None else None
        return Rows(clean, self.captions.rows(said, live), frozen)


@dataclass(frozen=True, slots=True)
class Material:
    """Latents of the training pictures, and what may be said of them.

    There may be several times as many rows as pictures (mirror images); row i shows picture
    i modulo the number of pictures.
    """

    shown: Tensor
    captions: tuple[tuple[str, ...], ...]
    """For each picture, with the concept's word spelled as the tokenizers know it."""
    kept: Kept | None
    replayed: tuple[Kept, ...] = ()
    """One for each concept underneath."""
    caption_dropout: float = 0.0
    live: bool = False
    """The text encoders learn too, so that captions of what is kept are encoded anew."""

    def draw(self, base: Base, batch: int, random: torch.Generator) -> tuple[Rows, list[Rows]]:
        """`batch` rows of the concept with gradients to its word, and as many to be kept.

        Where there are concepts underneath, half of those are theirs, of one of them by chance.
        """
        index = torch.randint(0, len(self.shown), (batch,), generator=random)
        clean = self.shown[index.to(self.shown.device)]
        said = [self._say(row, random) for row in index.tolist()]
        own = Rows(clean, encode_captions(base, said))
        live = base if self.live else None
        return own, [kept.draw(part, random, live) for kept, part in self._shares(clean, random)]

    def _shares(self, clean: Tensor, random: torch.Generator) -> list[tuple[Kept, Tensor]]:
        if not self.replayed:
            return [(self.kept, clean)] if self.kept else []
        half = len(clean) // 2
        pool = self.replayed if half or not self.kept else (self.kept, *self.replayed)
        chosen = pool[int(torch.randint(0, len(pool), (), generator=random))]
        if self.kept is None or not half:
            return [(chosen, clean)]
        return [(self.kept, clean[:half]), (chosen, clean[half:])]

    def _say(self, row: int, random: torch.Generator) -> str:
        """One of the captions of the picture that a row shows."""
        captions = self.captions[row % len(self.captions)]
        chosen = captions[int(torch.randint(0, len(captions), (), generator=random))]
        if not self.caption_dropout:
            return chosen
        dropped = float(torch.rand((), generator=random)) < self.caption_dropout
        return "" if dropped else chosen
