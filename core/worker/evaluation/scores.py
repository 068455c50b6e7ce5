"""From images to scores: what is compared with what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core.domain.evaluation import Estimate, Likeness, Measure, Scores
from core.worker.evaluation import metrics
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.metrics import Statistic
from core.worker.training.dataset import squared

Rows = Sequence[Sequence[Image.Image]]
"""Images by prompt, and within a prompt by seed: the same seeds in the same order for each."""

COMPARED_PX = 64


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


def score(scorer: Scorer, drawn: Drawn) -> Scores:
    """Measures everything that the images allow.

    Raises:
        ModelFault: a scoring model cannot be loaded.
    """
    return _Scoring(scorer, drawn).scores()


class _Scoring:
    """The features of one set of images, each worked out once."""

    def __init__(self, scorer: Scorer, drawn: Drawn) -> None:
        self._scorer, self._drawn = scorer, drawn
        self._count, self._seeds = len(drawn.prompts), len(drawn.samples[0])
        flat = torch.arange(self._count * self._seeds).view(self._count, self._seeds)
        self._rows = flat.flatten()
        self._by_seed = flat.T
        self._prompt = self._rows // self._seeds
        self._samples = scorer.pictures(_flat(drawn.samples))
        self._plain = scorer.pictures(_flat(drawn.plain))
        self._looks = scorer.looks(_flat(drawn.samples))
        self._texts = scorer.texts(drawn.prompts)

    def scores(self) -> Scores:
        several = self._count > 1
        varied = self._seeds > 1
        return Scores(
            scorer=self._scorer.name,
            prompts=self._count,
            seeds=self._seeds,
            likeness=tuple(self._likeness(name) for name in self._drawn.pictures),
            alignment=self._alignment(),
            asked=self._asked() if several else None,
            diversity=self._diversity() if varied else None,
            vendi=self._estimate(metrics.vendi(self._samples)) if len(self._rows) > 1 else None,
            drift=self._drift() if self._drawn.drifted and varied else None,
        )

    def _likeness(self, name: str) -> Likeness:
        pictures = self._drawn.pictures[name]
        taught = self._scorer.looks(pictures)
        plain = self._scorer.looks(_flat(self._drawn.plain))
        ceiling = metrics.among(taught)
        if name in self._drawn.alone:
            alone = self._scorer.looks(_flat(self._drawn.alone[name]))
            ceiling = float(metrics.fidelity(alone, taught).mean())
        fidelity = self._mean(metrics.fidelity(self._looks, taught))
        floor = float(metrics.fidelity(plain, taught).mean())
        return Likeness(
            name=name,
            fidelity=Measure(raw=fidelity, floor=floor, ceiling=ceiling),
            nearest=self._mean(metrics.nearest(self._looks, taught)),
            copies=self._copies(pictures),
        )

    def _copies(self, pictures: Sequence[Image.Image]) -> int | None:
        samples, plain = _flat(self._drawn.samples), _flat(self._drawn.plain)
        found = metrics.copied(_as_tensor(samples), _as_tensor(pictures), _as_tensor(plain))
        return None if found is None else int(found.sum())

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
        return Measure(raw=self._mean(first(self._samples)), floor=1 / self._count, ceiling=ceiling)

    def _diversity(self) -> Measure:
        spread = metrics.pairwise_distance(self._samples, self._prompt)
        return Measure(raw=self._estimate(spread), floor=0.0, ceiling=self._plain_spread())

    def _drift(self) -> Measure:
        """On a scale on which 1 is as far as another seed is."""
        drifted = self._scorer.pictures(_flat(self._drawn.drifted))
        moved = self._mean(1 - metrics.alignment(self._plain, drifted))
        return Measure(raw=moved, floor=0.0, ceiling=self._plain_spread())

    def _plain_spread(self) -> float:
        return float(metrics.pairwise_distance(self._plain, self._prompt)(self._rows))

    def _mean(self, values: Tensor) -> Estimate:
        return self._estimate(metrics.mean_of(values))

    def _estimate(self, statistic: Statistic) -> Estimate:
        found = metrics.interval(statistic, self._by_seed)
        low, high = found or (None, None)
        return Estimate(value=float(statistic(self._rows)), low=low, high=high)


def _flat(rows: Rows) -> list[Image.Image]:
    return [picture for row in rows for picture in row]


def _as_tensor(pictures: Sequence[Image.Image]) -> Tensor:
    """Middle squares of one size as (count, 3, side, side) in [0, 1]."""
    squares = [squared(picture.convert("RGB"), COMPARED_PX) for picture in pictures]
    arrays = [np.asarray(square, np.float32) for square in squares]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2) / 255
