"""What a step learns from: rows of the concept, and rows that must not be lost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from core.worker.models import Base
from core.worker.training.captions import mirrored
from core.worker.training.conditions import Conditions, encode_captions
from core.worker.training.dataset import Bucket, Views


@dataclass(frozen=True, slots=True)
class Rows:
    """Views of one size, and what is said of each."""

    views: Views
    conditions: Conditions
    frozen: Conditions | None = None
    """Where the base model's own answer is the target: what it is told."""

    def followed_by(self, other: "Rows") -> "Rows":
        """These rows, then the others."""
        conditions = self.conditions.followed_by(other.conditions)
        return Rows(self.views.followed_by(other.views), conditions)

    @property
    def clean(self) -> Tensor:
        """Latents (count, channels, height, width)."""
        return self.views.clean

    @property
    def size(self) -> tuple[int, ...]:
        """Rows of the same size can be learned in one call of the UNet."""
        return tuple(self.clean.shape[1:])


def together(several: Sequence[Rows]) -> list[Rows]:
    """Those that have the size of the first behind it, the others as they are."""
    first, *others = several
    for one in others:
        first = first.followed_by(one) if one.size == first.size else first
    return [first, *(one for one in others if one.size != first.size)]


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

    `views` holds the pictures, then their mirror images; as many in a row as `per_caption` were
    drawn from one caption, then come those of the next. None: the base model's own answers are the
    target, on the latents of the concept's pictures, the whole of them.
    """

    captions: Captions
    views: Views | None
    per_caption: int

    def draw(self, shown: Views, random: torch.Generator, live: Base | None = None) -> Rows:
        """As many rows as `shown` has, with repeats; half are told by the plain caption.

        Else a caption that names no surroundings would be a sign of the concept.
        """
        count = len(shown.clean)
        if self.views is None:
            own = torch.randint(0, len(self.captions.texts), (count,), generator=random)
            views = replace(shown, cells=None)
        else:
            rows = torch.randint(0, len(self.views.clean), (count,), generator=random)
            picture = rows % (len(self.views.clean) // 2)
            own = picture // self.per_caption % len(self.captions.texts)
            views = self.views.rows(rows)
        said = own * torch.randint(0, 2, (count,), generator=random)
        frozen = self.captions.encoded.rows(said) if self.views is None else None
        return Rows(views, self.captions.rows(said, live), frozen)


@dataclass(frozen=True, slots=True)
class Material:
    """The training pictures in buckets, and what may be said of them."""

    shown: Sequence[Bucket]
    captions: tuple[tuple[str, ...], ...]
    """For each picture, with the concept's word spelled as the tokenizers know it."""
    kept: Kept | None
    replayed: tuple[Kept, ...] = ()
    """One for each concept underneath."""
    caption_dropout: float = 0.0
    live: bool = False
    """The text encoders learn too, so that captions of what is kept are encoded anew."""
    spoken: dict[str, Conditions] | None = None
    """The concept's captions as they were encoded once; None: what reads them learns, so each is
    encoded anew."""

    def draw(
        self, base: Base, batch: int, random: torch.Generator, *, parents: bool = False
    ) -> tuple[Rows, list[Rows]]:
        """`batch` rows of the concept with gradients to its word, and as many to be kept: of the
        plain class, or where parents are at work of one of them by chance.
        """
        bucket = self._bucket(random)
        index = torch.randint(0, len(bucket.views.clean), (batch,), generator=random)
        said = [self._say(bucket, row, random) for row in index.tolist()]
        views = bucket.views.rows(index)
        live = base if self.live else None
        kept = self._to_keep(random, parents)
        others = [kept.draw(views, random, live)] if kept else []
        return Rows(views, self._encoded(base, said)), others

    def _encoded(self, base: Base, said: list[str]) -> Conditions:
        """Captions for the UNet; each is encoded by itself where that is done once, so that it does
        not matter beside which others it was drawn first.
        """
        if self.spoken is None:
            return encode_captions(base, said)
        with torch.no_grad():
            for caption in set(said) - self.spoken.keys():
                self.spoken[caption] = encode_captions(base, [caption])
        return reduce(Conditions.followed_by, (self.spoken[caption] for caption in said))

    def _bucket(self, random: torch.Generator) -> Bucket:
        """The bucket of one of all rows by chance; where there is but one, no chance is taken."""
        if len(self.shown) == 1:
            return self.shown[0]
        ends = torch.tensor([len(one.views.clean) for one in self.shown]).cumsum(0)
        row = torch.randint(0, int(ends[-1]), (), generator=random)
        return self.shown[int(torch.searchsorted(ends, row, right=True))]

    def _to_keep(self, random: torch.Generator, parents: bool) -> Kept | None:
        if not parents:
            return self.kept
        if not self.replayed:
            return None
        return self.replayed[int(torch.randint(0, len(self.replayed), (), generator=random))]

    def _say(self, bucket: Bucket, row: int, random: torch.Generator) -> str:
        """One of the captions of a row's picture, as it is true of the row."""
        captions = self.captions[bucket.of[row % len(bucket.of)]]
        chosen = captions[int(torch.randint(0, len(captions), (), generator=random))]
        if self.caption_dropout and torch.rand((), generator=random) < self.caption_dropout:
            return ""
        return mirrored(chosen) if row >= len(bucket.of) else chosen
