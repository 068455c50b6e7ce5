"""Pictures of the subject in company: the base model paints something else beside it.

What is taught from pictures of one thing alone loses its details as soon as a second thing stands
beside it (docs/log.md). So training pictures are put, smaller, into one half of an empty canvas,
and the base model paints the other half: the subject's own pixels, and a scene around them.

Source: Han et al., SVDiff (2023), section 3.2, where halves of two pictures meet at a seam.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from core.domain.concepts import ConceptKind
from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.storage import Storage
from core.worker.models import Base
from core.worker.training.captions import captions, with_article
from core.worker.training.dataset import Example, encode_whole, open_examples, squared
from core.worker.training.outline import Outline, outlines

OTHERS = (
    "a red car", "a brown dog", "a yellow star", "a teal flower", "a white cat",
    "a blue house with a red roof", "an orange cat with a green collar",
    "a pink boat with blue stripes", "a green tree with yellow dots",
    "a purple temple with a yellow roof", "a red castle with a white roof",
    "a yellow circle in a purple ring",
)  # fmt: skip
"""Plain ones, and such as have a second colour of their own that must not be taken over."""
MIDDLES: Mapping[str, tuple[float, float]] = {
    "to the left of": (0.26, 0.5),
    "to the right of": (0.74, 0.5),
    "above": (0.5, 0.26),
    "below": (0.5, 0.74),
}
"""Where the subject's middle is, in shares of the canvas, by how it stands to the other thing."""
OPPOSITES = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "above": "below",
    "below": "above",
}
SIDES = 0.25, 0.3
"""The larger side of the subject's core, in shares of the canvas."""
WHOLE = 1.6
"""How much larger than its core a subject is, with what it wears around it."""
SCALES = 0.4, 0.75
"""How small and how large the whole training picture may become."""


Painted = tuple[str, str, tuple[str, ...]]
"""Storage keys of a picture in company and of its mask, and its captions."""


@dataclass(frozen=True, slots=True)
class Sitter:
    """A training picture in which there is a thing: where it is, and what is around it."""

    picture: Image.Image
    outline: Outline
    where: str
    """As captions say it: "{} on a beach", or "{}"."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture in company: who, beside what, on which side and how large."""

    sitter: Sitter
    relation: str
    other: str
    side: float
    seed: int

    def said(self, what: str) -> tuple[str, ...]:
        """Its captions for `what`, with the article and without, named first and named second.

        What was only ever named first is lost where it comes second.
        """
        turned = f"{self.other} {OPPOSITES[self.relation]}"
        pairs = [
            pair
            for one in (with_article(what), what)
            for pair in (f"{one} {self.relation} {self.other}", f"{turned} {one}")
        ]
        return tuple(f"a photo of {self.sitter.where.format(pair)}" for pair in pairs)

    def canvas(self, side_px: int) -> Image.Image:
        """The square to be painted on, RGBA: what is transparent is the base model's to paint."""
        outline, (x, y) = self.sitter.outline, MIDDLES[self.relation]
        small = squared(self.sitter.picture, round(side_px * self._scale))
        ground = Image.new("RGBA", (side_px, side_px))
        left = round(x * side_px - outline.x * small.width)
        ground.paste(small, (left, round(y * side_px - outline.y * small.height)))
        ground.paste((0, 0, 0, 0), _other_half(self.relation, side_px))
        return ground

    def mask(self, side_px: int) -> Image.Image:
        """What is to be learned of it, white: the sitter and the other half, no seam around."""
        x, y = MIDDLES[self.relation]
        reach = WHOLE * self.sitter.outline.side * self._scale / 2
        edges = (x - reach, y - reach, x + reach, y + reach)
        left, top, right, bottom = (max(0, round(side_px * edge)) for edge in edges)
        marked = Image.new("L", (side_px, side_px))
        marked.paste(255, (left, top, right, bottom))
        marked.paste(255, _other_half(self.relation, side_px))
        return marked

    @property
    def _scale(self) -> float:
        """Of the whole training picture."""
        least, most = SCALES
        return min(most, max(least, self.side / self.sitter.outline.side))


def wanted(request: TrainRequest, recipe: Recipe) -> bool:
    """Only a thing stands beside others, and of a masked picture only a part may be shown."""
    return request.is_thing and not any(request.masks) and recipe.company > 0


def examples(storage: Storage, painted: Sequence[Painted]) -> list[Example]:
    """What was painted, as training pictures with masks."""
    pictures, masks = [one for one, *_ in painted], [mask for _, mask, _ in painted]
    return open_examples(storage, pictures, masks)


def sitters(
    base: Base, pictures: Sequence[Image.Image], noun: str, around: Sequence[str]
) -> list[Sitter]:
    """Those of the pictures in which the base model sees a thing of that name; each has its
    surroundings.
    """
    clean = encode_whole(base, pictures, flips=False).clean
    seen = outlines(base, clean, captions(ConceptKind.SUBJECT, noun)[0], noun)
    return [
        Sitter(picture, outline, where)
        for picture, outline, where in zip(pictures, seen, around, strict=True)
        if outline is not None
    ]


def scenes(count: int, sitters: Sequence[Sitter], *, seed: int) -> list[Scene]:
    """So many scenes, each sitter in its turn; the same for the same seed, none without sitters."""
    chance = random.Random(f"company {seed}")
    return [
        Scene(
            sitter=sitters[index % len(sitters)],
            relation=chance.choice(list(MIDDLES)),
            other=chance.choice(OTHERS),
            side=chance.uniform(*SIDES),
            seed=chance.randrange(2**31),
        )
        for index in range(count if sitters else 0)
    ]


def _other_half(relation: str, side_px: int) -> tuple[int, int, int, int]:
    """The box of the half in which the sitter is not."""
    half = side_px // 2
    boxes = {
        "to the left of": (half, 0, side_px, side_px),
        "to the right of": (0, 0, half, side_px),
        "above": (0, half, side_px, side_px),
        "below": (0, 0, side_px, half),
    }
    return boxes[relation]
