"""What pictures show, told in words that the base model knows.

What a model can say it keeps on the thing it is said of, also beside others; a word that was only
learned from pictures does so less well (docs/log.md). So a concept's word may begin as such words
and learn on from there. They are found as a person would look for them: say one thing more, then
mend the colours, until nothing makes the pictures clearly likelier.

Sources: the score is that of Li et al., Your diffusion model is secretly a zero-shot classifier
(2023), section 3.2; that words found for one picture serve in others is from Wen et al., Hard
prompts made easy (2023).
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import torch
from torch import Tensor

from core.domain.concepts import ConceptKind
from core.precision import halved_on_cpu
from core.worker.families import Looks
from core.worker.models import Base
from core.worker.training.captions import captions
from core.worker.training.conditions import encode_captions, predict
from core.worker.training.objective import Objective

COLOURS = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "teal", "white", "black",
)  # fmt: skip
NOISE_LEVELS = (0.4, 0.3, 0.5)
"""At these words make the most difference; the first is the one that candidates are sifted at."""
CLEARLY = 0.985
SIFTED = 4
"""So many of the additions that look best are mended before one is chosen."""
BLINDLY = 3
"""So many looks are tried together before it is given up: of a forest trees, ground and sky may
each tell nothing while the others are wrong."""
SEED = 0

ROWS_AT_ONCE = 40
"""Pictures under words that the model is asked of in one call."""

Searching = Generator[None, None, "Wording"]
Measuring = Generator[None, None, list[float]]


@dataclass(frozen=True, slots=True)
class Wording:
    """A class noun and what is said of it: looks by their number, each with its colour."""

    noun: str
    looks: Looks
    said: tuple[tuple[int, str], ...] = ()

    def __str__(self) -> str:
        text = self.noun
        for look, colour in self.said:
            text = self.looks[look].format(colour, text)
        first, *more = text.split(" with ")
        return f"{first} with {' and '.join(more)}" if more else first

    def longer(self) -> list["Wording"]:
        """The same with one look more, in every colour."""
        unsaid = set(range(len(self.looks))) - {look for look, _ in self.said}
        return [self._with(look, colour) for look in sorted(unsaid) for colour in COLOURS]

    def recoloured(self) -> list["Wording"]:
        """The same with one look in another colour, or two with theirs exchanged."""
        once = [self._with(look, colour) for look, _ in self.said for colour in COLOURS]
        pairs = combinations(self.said, 2)
        swapped = [self._with(a, of_b)._with(b, of_a) for (a, of_a), (b, of_b) in pairs]
        return once + swapped

    def _with(self, look: int, colour: str) -> "Wording":
        return replace(self, said=tuple(sorted({**dict(self.said), look: colour}.items())))


class Likelihood:
    """How badly the base model foretells pictures under a wording; the less the better."""

    def __init__(
        self,
        base: Base,
        pictures: Sequence[Tensor],
        around: Sequence[str],
        kind: ConceptKind,
        *,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Latents (channels, height, width) of one size, and for each what is around the thing.

        `before` is called before the model is asked.
        """
        self._base, self._around, self._kind, self._before = base, around, kind, before
        self._objective = Objective(base.noise_config)
        random = torch.Generator("cpu").manual_seed(SEED)
        clean = torch.stack(list(pictures))
        self._noised = [self._objective.noise_at(clean, one, random) for one in NOISE_LEVELS]
        self._known: dict[tuple[str, int], float] = {}

    def roughly(self, wordings: Sequence[Wording]) -> Measuring:
        """Of each at one level of noise; pauses now and then."""
        return (yield from self._over(range(1), wordings))

    def errors(self, wordings: Sequence[Wording]) -> Measuring:
        """Of each at every level of noise; pauses now and then."""
        return (yield from self._over(range(len(self._noised)), wordings))

    def _over(self, levels: Sequence[int], wordings: Sequence[Wording]) -> Measuring:
        texts = [str(wording) for wording in wordings]
        at_once = max(1, ROWS_AT_ONCE // len(self._around))
        for level in levels:
            unknown = [one for one in dict.fromkeys(texts) if (one, level) not in self._known]
            for start in range(0, len(unknown), at_once):
                some = unknown[start : start + at_once]
                for text, error in zip(some, self._measured(some, level), strict=True):
                    self._known[text, level] = error
                yield
        return [sum(self._known[text, level] for level in levels) for text in texts]

    @torch.no_grad()
    def _measured(self, texts: Sequence[str], level: int) -> list[float]:
        """The mean over the pictures under each text."""
        self._before()
        said = [captions(self._kind, text, around)[0] for text in texts for around in self._around]
        told = encode_captions(self._base, said)
        rows = self._noised[level].repeated(len(texts))
        with halved_on_cpu(self._base.device):
            answer = predict(self._base, rows.latents, rows.timesteps, told)
        return self._objective.losses(answer, rows).view(len(texts), -1).mean(1).tolist()


def found(noun: str, looks: Looks, likelihood: Likelihood) -> Searching:
    """The words under which the pictures are likeliest; pauses now and then on the way."""
    best = longest = Wording(noun, looks)
    while longest.longer():
        longest = yield from _lengthened(longest, likelihood)
        if (yield from _clearly(longest, best, likelihood)):
            best = longest
        elif best.said or len(longest.said) == BLINDLY:
            break
    return best


def _clearly(one: Wording, other: Wording, likelihood: Likelihood) -> Generator[None, None, bool]:
    new, old = yield from likelihood.errors((one, other))
    return new <= CLEARLY * old


def _lengthened(wording: Wording, likelihood: Likelihood) -> Searching:
    mended = []
    for one in (yield from _sifted(wording.longer(), likelihood)):
        mended.append((yield from _mended(one, likelihood)))
    return (yield from _likeliest(mended, likelihood))


def _mended(wording: Wording, likelihood: Likelihood) -> Searching:
    """In the colours that fit best beside each other."""
    while True:
        sifted = yield from _sifted(wording.recoloured(), likelihood)
        better = yield from _likeliest([wording, *sifted], likelihood)
        if better == wording:
            return wording
        wording = better


def _sifted(
    wordings: Sequence[Wording], likelihood: Likelihood
) -> Generator[None, None, list[Wording]]:
    """Those that look best, from the best on."""
    rough = yield from likelihood.roughly(wordings)
    return [wordings[index] for index in _by(rough)[:SIFTED]]


def _likeliest(wordings: Sequence[Wording], likelihood: Likelihood) -> Searching:
    """The first of the best."""
    errors = yield from likelihood.errors(wordings)
    return wordings[_by(errors)[0]]


def _by(figures: Sequence[float]) -> list[int]:
    """Indices, from the least figure on."""
    return sorted(range(len(figures)), key=figures.__getitem__)
