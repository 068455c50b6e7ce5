"""What pictures show, told in words that the base model knows.

What a model can say it keeps on the thing it is said of, also beside others; a word that was only
learned from pictures does so less well (docs/log.md). So a concept's word may begin as such words
and learn on from there. They are found as a person would look for them: say one thing more, then
mend the colours, until nothing makes the pictures clearly likelier.

Sources: the score is that of Li et al., Your diffusion model is secretly a zero-shot classifier
(2023), section 3.2; that words found for one picture serve in others is from Wen et al., Hard
prompts made easy (2023).
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import torch
from torch import Tensor

from core.domain.concepts import ConceptKind
from core.worker.families import Looks
from core.worker.models import Base
from core.worker.training.captions import captions
from core.worker.training.conditions import encode_captions, predict
from core.worker.training.objective import Noised, Objective

COLOURS = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "teal", "white", "black",
)  # fmt: skip
NOISE_LEVELS = (0.4, 0.3, 0.5)
"""At these words make the most difference; the first is the one that candidates are sifted at."""
CLEARLY = 0.985
SIFTED = 4
"""So many of the additions that look best are mended before one is chosen."""
SEED = 0

Searching = Generator[None, None, "Wording"]


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

    def roughly(self, wording: Wording) -> float:
        """At one level of noise."""
        return self._at(str(wording), 0)

    def error(self, wording: Wording) -> float:
        """At every level of noise."""
        return sum(self._at(str(wording), level) for level in range(len(self._noised)))

    def _at(self, text: str, level: int) -> float:
        if (text, level) not in self._known:
            self._known[text, level] = self._measured(text, self._noised[level])
        return self._known[text, level]

    @torch.no_grad()
    def _measured(self, text: str, noised: Noised) -> float:
        self._before()
        said = [captions(self._kind, text, around)[0] for around in self._around]
        told = encode_captions(self._base, said)
        answer = predict(self._base, noised.latents, noised.timesteps, told)
        return float(self._objective.losses(answer, noised).mean())


def found(noun: str, looks: Looks, likelihood: Likelihood) -> Searching:
    """The words under which the pictures are likeliest; pauses after each that is tried."""
    best = Wording(noun, looks)
    while best.longer():
        longer = yield from _lengthened(best, likelihood)
        if not best.said and not _clearly(longer, best, likelihood) and longer.longer():
            # Of a forest the trees alone may tell nothing while ground and sky are wrong.
            longer = yield from _lengthened(longer, likelihood)
        if not _clearly(longer, best, likelihood):
            break
        best = longer
    return best


def _clearly(one: Wording, other: Wording, likelihood: Likelihood) -> bool:
    return likelihood.error(one) <= CLEARLY * likelihood.error(other)


def _lengthened(wording: Wording, likelihood: Likelihood) -> Searching:
    sifted = []
    for one in wording.longer():
        sifted.append((likelihood.roughly(one), one))
        yield
    sifted.sort(key=lambda pair: pair[0])
    mended = []
    for _, one in sifted[:SIFTED]:
        mended.append((yield from _mended(one, likelihood)))
    return min(mended, key=likelihood.error)


def _mended(wording: Wording, likelihood: Likelihood) -> Searching:
    """In the colours that fit best beside each other."""
    while True:
        better = yield from _likeliest(wording.recoloured(), likelihood)
        if likelihood.error(better) >= likelihood.error(wording):
            return wording
        wording = better


def _likeliest(wordings: Iterable[Wording], likelihood: Likelihood) -> Searching:
    rough = []
    for one in wordings:
        rough.append((likelihood.roughly(one), one))
        yield
    rough.sort(key=lambda pair: pair[0])
    return min((one for _, one in rough[:SIFTED]), key=likelihood.error)
