"""Figures about images as pure functions on features.

Features are rows of unit length, (count, width). `rows` names which images count, (…, n) of
indices with any number of leading axes: one figure comes out for each, so that a whole bootstrap
is one call. What is a function of `rows` alone is called a statistic.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Statistic = Callable[[Tensor], Tensor]
"""Rows (…, n) → figures (…)."""

REPLICATES = 1000
CONFIDENCE = 0.95
SEED = 0
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


def mean_of(values: Tensor) -> Statistic:
    """The mean of one value an image."""
    return lambda rows: values[rows].mean(-1)


def pairwise_distance(features: Tensor, group: Tensor) -> Statistic:
    """The mean of 1 − cosine over pairs of different images of one group (one prompt).

    Source: the DIV score of Ruiz et al. (2023), section 4.3, on the features that are given in
    place of LPIPS. An image that was drawn twice is no pair with itself.
    """
    distances = 1 - features @ features.T
    index = torch.arange(len(group))
    pairs = (group[:, None] == group) & (index[:, None] != index)
    counted = distances * pairs

    def statistic(rows: Tensor) -> Tensor:
        one, two = rows.unsqueeze(-1), rows.unsqueeze(-2)
        return counted[one, two].sum((-1, -2)) / pairs[one, two].sum((-1, -2)).clamp(min=1)

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
    """The 95 % bootstrap interval of a statistic when seeds are drawn anew, from a fixed generator.

    `by_seed` (seeds, images a seed) holds the images of each seed: those share their noise, so they
    are drawn together. The replicates are moved so that their mean is the figure itself: a draw
    with repeats is less diverse than the images it draws from, which is no news about them. None
    for one seed. Source: Efron and Tibshirani, An introduction to the bootstrap (1993), chapters 6,
    10 and 13.
    """
    seeds = len(by_seed)
    if seeds < 2:
        return None
    generator = torch.Generator().manual_seed(SEED)
    drawn = torch.randint(0, seeds, (REPLICATES, seeds), generator=generator)
    replicates = statistic(by_seed[drawn].flatten(1)).double()
    centred = replicates - replicates.mean() + statistic(by_seed.flatten()).double()
    tail = (1 - CONFIDENCE) / 2
    low, high = torch.quantile(centred, torch.tensor([tail, 1 - tail], dtype=torch.float64))
    return float(low), float(high)
