"""From images to scores: what is compared with what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core.domain.concepts import ConceptKind, StackEntry, is_place
from core.domain.evaluation import Closest, Estimate, Likeness, Measure, Named, Scores, wilson
from core.worker.evaluation import metrics
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.metrics import Statistic
from core.worker.training.captions import with_article
from core.worker.training.dataset import squared

Rows = Sequence[Sequence[Image.Image]]
"""Images by prompt, and within a prompt by seed: the same seeds in the same order for each."""

Encode = Callable[[Sequence[Image.Image]], Tensor]

COMPARED_PX = 64
THINGS = (
    "house", "castle", "temple", "tree", "flower", "car", "boat", "cat", "dog", "bird",
    "person", "chair", "star", "heart", "moon",
)  # fmt: skip
PLACES = "a forest", "a beach", "a city", "the mountains", "the sea"
"""What an image may be taken for besides what was asked: a thing for things, a place for places.

Places as captions say them, and no part of another, such as a sky: the embedded CLIP takes words
that it seldom read for whatever looks strange.
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Images of one concept or stack, and those that they are held to, all on the same seeds."""

    prompts: tuple[str, ...]
    """In plain words: `<name>` spelled as its class noun."""
    samples: Rows
    plain: Rows
    """The same prompts in plain words with nothing at work."""
    pictures: Mapping[str, Sequence[Image.Image]]
    """The training pictures of each concept by its name."""
    drifted: Rows = ()
    """The same plain words with the concept at work; empty where drift is not asked for."""
    alone: Mapping[str, Rows] = field(default_factory=dict)
    """For a stack: each concept at work alone, the others in plain words."""
    nouns: Mapping[str, str] = field(default_factory=dict)
    """The class noun of each concept whose class can be seen in a picture, by its name."""


def score(scorer: Scorer, drawn: Drawn) -> Scores:
    """Measures everything that the images allow.

    Raises:
        ModelFault: a scoring model cannot be loaded.
    """
    return _Scoring(scorer, drawn).scores()


def likeness(scorer: Scorer, drawn: Drawn, name: str) -> Likeness:
    """What the images tell of one concept's likeness alone; raises as `score` does."""
    return _Scoring(scorer, drawn).likeness(name)


def score_copies(drawn: Drawn) -> Scores | None:
    """What pixels alone tell, without any scoring model; None where they tell nothing."""
    copied = _copied(drawn, _Grid.of(drawn))
    if copied is None:
        return None
    count, seeds = len(drawn.samples), len(drawn.samples[0])
    return Scores(scorer="", prompts=count, seeds=seeds, copied=copied)


class _Scoring:
    """The features of one set of images, each worked out once."""

    def __init__(self, scorer: Scorer, drawn: Drawn) -> None:
        self._scorer, self._drawn = scorer, drawn
        self._grid = _Grid.of(drawn)
        self._count, self._seeds = len(drawn.prompts), len(drawn.samples[0])
        self._rows = self._grid.rows
        self._prompt = self._rows // self._seeds
        self._clip = _Space(scorer.pictures, drawn)
        self._looks = _Space(scorer.looks, drawn) if scorer.looks_apart else self._clip
        self._samples, self._plain = self._clip.samples, self._clip.plain
        self._texts = scorer.texts(drawn.prompts)

    def scores(self) -> Scores:
        """Everything that the images allow."""
        several = self._count > 1
        varied = self._seeds > 1
        return Scores(
            scorer=self._scorer.name,
            prompts=self._count,
            seeds=self._seeds,
            likeness=tuple(self.likeness(name) for name in self._drawn.pictures),
            alignment=self._alignment(),
            named=tuple(self._named(name) for name in self._drawn.nouns),
            copied=_copied(self._drawn, self._grid),
            asked=self._asked() if several else None,
            diversity=self._diversity() if varied else None,
            vendi=self._vendi() if len(self._rows) > 1 else None,
            drift=self._drift() if self._drawn.drifted and varied else None,
        )

    def likeness(self, name: str) -> Likeness:
        """To the training pictures of one concept."""
        pictures = self._drawn.pictures[name]
        taught = self._looks.encode(pictures)
        copies = _copies(self._drawn, pictures)
        return Likeness(
            name=name,
            fidelity=self._fidelity(self._looks, name, taught),
            clip=self._clip_fidelity(name),
            nearest=self._mean(metrics.nearest(self._looks.samples, taught)),
            closest=_closest(self._looks.samples, taught),
            copies=None if copies is None else int(copies.sum()),
        )

    def _clip_fidelity(self, name: str) -> Measure | None:
        if not self._scorer.looks_apart:
            return None
        return self._fidelity(self._clip, name, self._clip.encode(self._drawn.pictures[name]))

    def _fidelity(self, space: "_Space", name: str, taught: Tensor) -> Measure:
        """Beside the concept alone, image by image, where it was drawn alone."""
        found, ceiling = metrics.fidelity(space.samples, taught), metrics.among(taught)
        raw = self._mean(found)
        if name in self._drawn.alone:
            alone = metrics.fidelity(space.encode(_flat(self._drawn.alone[name])), taught)
            ceiling = float(alone.mean())
            raw = self._mean(found - alone).shifted(ceiling)
        floor = float(metrics.fidelity(space.plain, taught).mean())
        return Measure(raw=raw, floor=floor, ceiling=ceiling)

    def _named(self, name: str) -> Named:
        noun = self._drawn.nouns[name]
        classes = classes_beside(noun, self._drawn.prompts)
        texts = self._scorer.texts([f"a photo of {one}" for one in classes])
        words = (noun, *(one.split()[-1] for one in classes[1:]))
        share = Measure(
            raw=self._grid.share(metrics.named(self._samples, texts)),
            floor=1 / len(classes),
            ceiling=float(metrics.named(self._plain, texts).mean()),
        )
        labels = tuple(words[index] for index in metrics.nearest_text(self._samples, texts))
        return Named(name=name, class_noun=noun, classes=len(classes), share=share, labels=labels)

    def _alignment(self) -> Measure:
        own = self._texts[self._prompt]
        raw = self._mean(metrics.alignment(self._samples, own))
        ceiling = float(metrics.alignment(self._plain, own).mean())
        cosines = self._samples @ self._texts.T
        other = self._prompt[:, None] != torch.arange(self._count)
        # One prompt has no other to be taken for: unrelated is then what a cosine of 0 says.
        floor = float(cosines[other].mean()) if self._count > 1 else 0.0
        return Measure(raw=raw, floor=floor, ceiling=ceiling)

    def _asked(self) -> Measure:
        def first(images: Tensor) -> Tensor:
            return metrics.own_text_first(images, self._texts, self._prompt)

        ceiling = float(first(self._plain).mean())
        raw = self._grid.share(first(self._samples))
        return Measure(raw=raw, floor=1 / self._count, ceiling=ceiling)

    def _diversity(self) -> Measure:
        spread = metrics.pairwise_distance(self._samples, self._prompt)
        raw = self._grid.estimate(spread).within(0, 2)
        return Measure(raw=raw, floor=0.0, ceiling=self._plain_spread())

    def _vendi(self) -> Estimate:
        return self._grid.estimate(metrics.vendi(self._samples)).within(1, len(self._rows))

    def _drift(self) -> Measure:
        """On a scale on which 1 is as far as another seed is."""
        drifted = self._scorer.pictures(_flat(self._drawn.drifted))
        moved = self._mean(1 - metrics.alignment(self._plain, drifted))
        return Measure(raw=moved.within(0, 2), floor=0.0, ceiling=self._plain_spread())

    def _plain_spread(self) -> float:
        return float(metrics.pairwise_distance(self._plain, self._prompt)(self._rows))

    def _mean(self, values: Tensor) -> Estimate:
        return self._grid.estimate(metrics.mean_of(values))


class _Space:
    """Images as one encoder sees them."""

    def __init__(self, encode: Encode, drawn: Drawn) -> None:
        self.encode = encode
        self.samples, self.plain = encode(_flat(drawn.samples)), encode(_flat(drawn.plain))


@dataclass(frozen=True, slots=True)
class _Grid:
    """Which image is of which seed: `rows` (images,), and `by_seed` (seeds, prompts)."""

    rows: Tensor
    by_seed: Tensor

    @classmethod
    def of(cls, drawn: Drawn) -> "_Grid":
        count, seeds = len(drawn.samples), len(drawn.samples[0])
        flat = torch.arange(count * seeds)
        return cls(flat, flat.view(count, seeds).T)

    def estimate(self, statistic: Statistic) -> Estimate:
        """The figure over all images, with its interval over seeds."""
        low, high = metrics.interval(statistic, self.by_seed) or (None, None)
        return Estimate(value=float(statistic(self.rows)), low=low, high=high)

    def share(self, counted: Tensor) -> Estimate:
        """The share of images that count, 1 or 0 each.

        Where all seeds agree they seem to leave no doubt, so the interval is never narrower than
        that of as many images that have nothing to do with one another.
        """
        found = self.estimate(metrics.mean_of(counted)).within(0, 1)
        if found.low is None:
            return found
        return found.joined(wilson(found.value, len(self.rows)))


def nouns_seen(stack: Sequence[StackEntry]) -> dict[str, str]:
    """The class nouns of things and places by name; what a style is called shows in no picture."""
    return {one.name: one.class_noun for one in stack if one.kind is ConceptKind.SUBJECT}


def classes_beside(noun: str, prompts: Sequence[str]) -> tuple[str, ...]:
    """A class and the others of its kind to choose from, with articles: none that is asked for as
    well.
    """
    said = " ".join((noun, *prompts)).lower()
    others = PLACES if is_place(noun) else tuple(map(with_article, THINGS))
    return (with_article(noun), *(one for one in others if one.split()[-1] not in said))


def _closest(samples: Tensor, taught: Tensor) -> Closest:
    image, picture = metrics.closest(samples, taught)
    return Closest(image=image, picture=picture, cosine=float(samples[image] @ taught[picture]))


def _copied(drawn: Drawn, grid: _Grid) -> Estimate | None:
    """Share of images that copy a picture of any concept; None where it cannot be told of one."""
    found = [_copies(drawn, pictures) for pictures in drawn.pictures.values()]
    told = [one for one in found if one is not None]
    if not told:
        return None
    return grid.share(torch.stack(told).any(0).float())


def _copies(drawn: Drawn, pictures: Sequence[Image.Image]) -> Tensor | None:
    samples, plain = _flat(drawn.samples), _flat(drawn.plain)
    return metrics.copied(_as_tensor(samples), _as_tensor(pictures), _as_tensor(plain))


def _flat(rows: Rows) -> list[Image.Image]:
    return [picture for row in rows for picture in row]


def _as_tensor(pictures: Sequence[Image.Image]) -> Tensor:
    """Middle squares of one size as (count, 3, side, side) in [0, 1]."""
    squares = [squared(picture.convert("RGB"), COMPARED_PX) for picture in pictures]
    arrays = [np.asarray(square, np.float32) for square in squares]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2) / 255
