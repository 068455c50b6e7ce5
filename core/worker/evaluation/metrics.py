"""Figures about images as pure functions on features.

Features are rows of unit length, (count, width). `rows` names which images count, (…, n) of
indices with any number of leading axes: one figure comes out for each, so that leaving out each
seed in its turn is one call. What is a function of `rows` alone is called a statistic.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from core.domain.evaluation import NORMAL_95

Statistic = Callable[[Tensor], Tensor]
"""Rows (…, n) → figures (…)."""

STUDENT_95 = 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365
"""For 1 to 7 degrees of freedom."""
COPY_RATIO = 0.2


def unit(features: Tensor) -> Tensor:
    """Features scaled to length 1, float32 on the CPU."""
    return functional.normalize(features.float().cpu(), dim=-1)


def fidelity(samples: Tensor, pictures: Tensor) -> Tensor:
    """CLIP-I of each image, (count,): its mean cosine to all training pictures.

    Source: Ruiz et al., DreamBooth (2023), section 4.1. With a DINO encoder's features it is the
    paper's DINO metric.
    """
    return (samples @ pictures.T).mean(1)


def nearest(samples: Tensor, pictures: Tensor) -> Tensor:
    """The cosine of each image to the training picture that is nearest to it, (count,)."""
    return (samples @ pictures.T).amax(1)


def closest(samples: Tensor, pictures: Tensor) -> tuple[int, int]:
    """The image and the training picture that are nearest to one another."""
    at = int((samples @ pictures.T).argmax())
    return divmod(at, len(pictures))


def named(samples: Tensor, classes: Tensor) -> Tensor:
    """1 for each image that is nearest to the first of the classes, else 0, (count,).

    Source: zero-shot classification in Radford et al. (2021), section 3.1.
    """
    return own_text_first(samples, classes, torch.zeros(len(samples), dtype=torch.long))


def among(pictures: Tensor) -> float | None:
    """The mean cosine between two different pictures; None where there is but one."""
    count = len(pictures)
    if count < 2:
        return None
    cosines = pictures @ pictures.T
    return float((cosines.sum() - cosines.trace()) / (count * (count - 1)))


def alignment(samples: Tensor, texts: Tensor) -> Tensor:
    """CLIP-T of each image, (count,): its cosine to its own text, row by row.

    Source: Radford et al., Learning transferable visual models (2021), figure 3; as a score, Ruiz
    et al. (2023), section 4.1. Cosines are as they are: not times 100, not cut at 0.
    """
    return (samples * texts).sum(1)


def own_text_first(samples: Tensor, texts: Tensor, own: Tensor) -> Tensor:
    """1 for each image to which of all texts its own is nearest, else 0, (count,).

    Source: R-precision in Park et al., Benchmark for compositional text-to-image synthesis (2021),
    with R = 1. Texts that are told apart by nothing share the win.
    """
    cosines = samples @ texts.T
    best = cosines.amax(1, keepdim=True)
    winners = cosines == best
    return winners[torch.arange(len(own)), own].float() / winners.sum(1)


def nearest_text(samples: Tensor, texts: Tensor) -> list[int]:
    """The index of the text that is nearest to each image."""
    return [int(index) for index in (samples @ texts.T).argmax(1)]


def mean_of(values: Tensor) -> Statistic:
    """The mean of one value an image."""
    return lambda rows: values[rows].mean(-1)


def pairwise_distance(features: Tensor, group: Tensor) -> Statistic:
    """The mean of 1 − cosine over pairs of different images of one group (one prompt); not a number
    where there is no such pair.

    Source: the DIV score of Ruiz et al. (2023), section 4.3, on the features that are given in
    place of LPIPS.
    """
    distances = 1 - features @ features.T
    index = torch.arange(len(group))
    pairs = (group[:, None] == group) & (index[:, None] != index)
    counted = distances * pairs

    def statistic(rows: Tensor) -> Tensor:
        one, two = rows.unsqueeze(-1), rows.unsqueeze(-2)
        return counted[one, two].sum((-1, -2)) / pairs[one, two].sum((-1, -2))

    return statistic


def vendi(features: Tensor) -> Statistic:
    """The Vendi score: as how many wholly different images these count.

    The exponential of the entropy of the eigenvalues of K / n, K the matrix of cosines. Source:
    Friedman and Dieng, The Vendi score (2023), definition 3.1.
    """
    kernel = (features @ features.T).double()

    def statistic(rows: Tensor) -> Tensor:
        part = kernel[rows.unsqueeze(-1), rows.unsqueeze(-2)] / rows.shape[-1]
        values = torch.linalg.eigvalsh(part).clamp(min=0)
        entropy: Tensor = torch.special.entr(values).sum(-1)
        return entropy.exp().float()

    return statistic


def pixels(pictures: Tensor) -> Tensor:
    """Pictures (count, 3, high, wide) in [0, 1] as 16 × 16 blocks of colour, (count, 768).

    A CLIP sees what is in a picture and hardly where. Whether it is the same picture over again is
    told by its pixels.
    """
    blocks: Tensor = functional.adaptive_avg_pool2d(pictures.float(), 16)
    return blocks.flatten(1)


def copied(samples: Tensor, pictures: Tensor, others: Tensor | None = None) -> Tensor | None:
    """Which images are a training picture over again, or its mirror image: bool, (count,).

    Too near is less than `COPY_RATIO` of the distance at which training pictures lie from their own
    nearest neighbour (the median of them). With one training picture `others` stand in, such as
    images of the plain class; with neither it cannot be told. All are (count, 3, high, wide).
    Source: a distance relative to neighbours as in Carlini et al., Extracting training data from
    diffusion models (2023), section 4.2; the ratio is measured (docs/log.md).
    """
    known = pixels(torch.cat([pictures, pictures.flip(-1)]))
    scale = _spacing(pictures if len(pictures) > 1 else others)
    if scale is None:
        return None
    return torch.cdist(pixels(samples), known).amin(1) < COPY_RATIO * scale


def _spacing(pictures: Tensor | None) -> float | None:
    """The median distance of a picture from the nearest other one, mirrored ones too."""
    if pictures is None or len(pictures) < 2:
        return None
    distances = torch.cdist(pixels(pictures), pixels(torch.cat([pictures, pictures.flip(-1)])))
    count = len(pictures)
    own = torch.eye(count, dtype=torch.bool).repeat(1, 2)
    return float(distances.masked_fill(own, torch.inf).amin(1).median())


def interval(statistic: Statistic, by_seed: Tensor) -> tuple[float, float] | None:
    """The 95 % interval of a statistic when seeds are drawn anew: Student's t over the seeds.

    `by_seed` (seeds, images a seed) holds the images of each seed: those share their noise, so they
    count together. How much a seed matters is seen by leaving out each in its turn. For a mean that
    is the textbook's interval; a figure of pairs, which has no value of one seed, has one too. None
    where the statistic cannot be told with one seed fewer. Source: Student, The probable error of a
    mean (1908); the jackknife in Efron and Tibshirani, An introduction to the bootstrap (1993),
    chapter 11, and for figures of pairs Arvesen, Jackknifing U-statistics (1969).
    """
    seeds = len(by_seed)
    if seeds < 2:
        return None
    others = ~torch.eye(seeds, dtype=torch.bool)
    without = statistic(torch.stack([by_seed[kept].flatten() for kept in others])).double()
    if not without.isfinite().all():
        return None
    value = float(statistic(by_seed.flatten()))
    half = student_95(seeds - 1) * math.sqrt((seeds - 1) * float(without.var(correction=0)))
    return value - half, value + half


def student_95(freedom: int) -> float:
    """The two-sided 95 % quantile of Student's t with so many degrees of freedom, to 0.001.

    Source: the table for the first ones, then Abramowitz and Stegun, Handbook of mathematical
    functions (1964), 26.7.5.
    """
    if freedom <= len(STUDENT_95):
        return STUDENT_95[freedom - 1]
    z = NORMAL_95
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
