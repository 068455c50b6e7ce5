"""Which checkpoint a run kept by the picture that it held back, against the best in hindsight.

Every checkpoint of every run draws the same prompt on the same seeds, and the judge counts whole
looks; the best of several noisy figures is too good, so it is also chosen by half of the seeds and
held to the kept one on the other half. Other ways to choose are tried on the same checkpoints.

`--steps 0` takes the recipe's own number, `--preset` another recipe than the usual; `--part 1/2`
does half of the concepts, without a table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import torch

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.recipes import Preset
from core.worker import artifact, latents
from core.worker.training import captions, checkpoint
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.conditions import encode_captions, predict
from core.worker.training.held_out import LEVELS, SEED, best_step, least_step
from core.worker.training.objective import Objective
from core.worker.training.surroundings import likeliest
from tests.bench._concepts import BY_NAME, alone
from tests.bench._sums import margin, mean, percent, share
from tests.bench._table import show
from tests.bench._teaching import FOLDER, TINY, Course, Taught, Workshop, mine

CONCEPTS, SEEDS, STEPS, PICTURES = 12, 20, 150, 8
CHECKPOINTS = 6
WITHIN = 0.02
NOISES = 4
"""Times that each level of noise is drawn for the ways that were tried; shipped is the first."""


@dataclass(frozen=True, slots=True)
class Look:
    """One checkpoint: what the run said of it, what was tried, and what the judge sees."""

    step: int
    error: float
    picture: list[float]
    """The error of foretelling the picture that was held back, each noise by itself."""
    drift: list[float]
    """How far the answers for the plain class have moved, in the same order."""
    whole: list[bool]
    """For each seed."""


Choose = Callable[[Sequence[Look]], int]
"""Which step is kept."""


async def run(
    *,
    concepts: int = CONCEPTS,
    seeds: int = SEEDS,
    steps: int = STEPS,
    preset: str | None = None,
    part: str | None = None,
    folder: Path = FOLDER,
    tiny: bool = False,
    device: str = "cpu",
    dtype: str = "auto",
) -> None:
    """A row for each concept, then one for each way to choose."""
    if tiny:
        concepts, seeds, steps = TINY
    workshop, names = (
        Workshop(folder, tiny=tiny, device=device, dtype=dtype),
        list(BY_NAME)[:concepts],
    )
    taught = Preset(preset) if preset else None
    found = {
        name: looks(workshop, name, seeds=seeds, steps=steps or None, preset=taught)
        for name in mine(names, part)
    }
    if part is not None:
        return
    show(
        ("concept", "kept step", "best step", "kept", "best", "lost", "last"),
        [row(name, seen) for name, seen in found.items()],
    )
    show(
        (
            f"{len(found)} concepts, {seeds} seeds",
            f"within {WITHIN:.0%}",
            "kept",
            "lost",
            f"fairly within {WITHIN:.0%}",
            "lost fairly",
        ),
        [summary(way, choose, list(found.values())) for way, choose in WAYS.items()],
    )


def looks(
    workshop: Workshop, name: str, *, seeds: int, steps: int | None, preset: Preset | None = None
) -> list[Look]:
    """Every checkpoint of a concept's run."""
    often = (("checkpoint_every", max(1, steps // CHECKPOINTS)),) if steps else ()
    settings = (("patience", 0), *often)
    course = Course(name, preset, steps, pictures=PICTURES, settings=settings)
    taught = workshop.taught(course)
    made = workshop.remembered(
        f"hindsight {name}",
        repr((taught, seeds)),
        make=lambda: [asdict(one) for one in _looked(workshop, course, taught, seeds)],
    )
    return [Look(**one) for one in made]


def row(name: str, seen: Sequence[Look]) -> tuple[object, ...]:
    """One concept: kept by the run, and best in hindsight."""
    kept, best = _at(seen, shipped(seen)), best_of(seen)
    apart = [float(one) - two for one, two in zip(best.whole, kept.whole, strict=True)]
    return (
        BY_NAME[name].token.replace("<", r"\<"),
        kept.step,
        best.step,
        f"{share(kept.whole):.0%}",
        f"{share(best.whole):.0%}",
        f"{mean(apart):.0%} ± {margin(apart):.0%}",
        f"{share(seen[-1].whole):.0%}",
    )


def summary(way: str, choose: Choose, runs: Sequence[Sequence[Look]]) -> tuple[str, ...]:
    """How near a way to choose comes to the best, over all runs."""
    kept = [_at(seen, choose(seen)) for seen in runs]
    gaps = [lost(seen, one) for seen, one in zip(runs, kept, strict=True)]
    fair = [lost_fairly(seen, one) for seen, one in zip(runs, kept, strict=True)]
    return (
        way,
        _within(gaps),
        percent([share(one.whole) for one in kept]),
        percent(gaps),
        _within(fair),
        percent(fair),
    )


def best_of(seen: Sequence[Look]) -> Look:
    """The checkpoint with the most whole looks; the earliest of equal ones."""
    return max(seen, key=lambda one: (share(one.whole), -one.step))


def lost(seen: Sequence[Look], kept: Look) -> float:
    """How much better the best is, 0 to 1."""
    return share(best_of(seen).whole) - share(kept.whole)


def lost_fairly(seen: Sequence[Look], kept: Look) -> float:
    """The same where one half of the seeds chooses the best and the other half counts.

    It may be below 0: then what was kept beats what half of the seeds would have chosen.
    """
    count = len(kept.whole)
    if count < 2:
        return lost(seen, kept)
    gaps = []
    for half in (range(0, count, 2), range(1, count, 2)):
        others = [replace(one, whole=_without(one.whole, half)) for one in seen]
        best = _at(seen, best_of(others).step)
        gaps.append(mean([float(best.whole[i]) - kept.whole[i] for i in half]))
    return mean(gaps)


def shipped(seen: Sequence[Look]) -> int:
    """As a run does it."""
    return best_step({one.step: one.error for one in seen})


def by(figure: Callable[[Look], float]) -> Choose:
    """As a run does it, by another figure."""
    return lambda seen: best_step({one.step: figure(one) for one in seen})


WAYS: Mapping[str, Choose] = {
    "as shipped": shipped,
    "the least error": lambda seen: least_step({one.step: one.error for one in seen}),
    "the picture alone": by(lambda one: mean(one.picture[: len(LEVELS)])),
    f"{NOISES} noises a level": by(lambda one: mean(one.picture) + mean(one.drift)),
    f"{NOISES} noises, the picture alone": by(lambda one: mean(one.picture)),
    f"{NOISES} noises, a tenth of the drift": by(
        lambda one: mean(one.picture) + mean(one.drift) / 10
    ),
    "the last": lambda seen: seen[-1].step,
}


def _looked(workshop: Workshop, course: Course, taught: Taught, seeds: int) -> list[Look]:
    (question,), concept = [one for one in alone() if one.names == (course.name,)], course.name
    saved = [checkpoint.unpack(workshop.storage.get(key)) for key in taught.checkpoints]
    saved = [*_begun(saved), *saved]
    exam, errors = _Exam(workshop, course), saved[-1].errors
    found = []
    for one in saved:
        entry = workshop.entry(concept, _version(workshop, taught, one))
        picture, drift = exam.marks(entry)
        images = workshop.draw(question.prompt, seeds, [entry], stacking=Stacking.APART)
        (whole,) = workshop.read(images, question.concepts)
        found.append(Look(one.step, errors[one.step], picture, drift, whole))
    return found


def _begun(saved: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The words that were found before the first step, where a checkpoint still kept them."""
    kept = (one.best for one in saved if 0 in one.errors and best_step(one.errors) == 0)
    return [Checkpoint(step=0, parts=parts) for parts in islice(kept, 1)]


def _version(workshop: Workshop, taught: Taught, saved: Checkpoint) -> str:
    """The storage key of the version that would have been kept at a checkpoint."""
    final = artifact.unpack(workshop.storage.get(taught.artifact))
    words = [saved.parts["token"][str(index)] for index in range(len(final.tokens))]
    tokens = tuple(
        torch.stack([word, pair[1]]) for word, pair in zip(words, final.tokens, strict=True)
    )
    made = replace(final, lora=saved.parts.get("adapter", {}), tokens=tokens)
    return workshop.storage.put(artifact.pack(made))


class _Exam:
    """The picture that was held back, noised more often than a run does it."""

    def __init__(self, workshop: Workshop, course: Course) -> None:
        self._stacks, self._base = workshop.stacks, workshop.base
        self._objective = Objective(self._base.noise_config)
        noun, token = BY_NAME[course.name].class_noun, BY_NAME[course.name].token
        self._stacks.wear(())
        picture = latents.encode(self._base, workshop.shown(course)[-1:])
        nouns = captions.class_captions(ConceptKind.SUBJECT, noun)
        (where,) = likeliest(self._base, picture, nouns)
        self._plain = nouns[0]
        around = captions.surroundings(ConceptKind.SUBJECT, noun)[where]
        self._caption = captions.captions(ConceptKind.SUBJECT, f"{token} {noun}", around)[0]
        random = torch.Generator("cpu").manual_seed(SEED)
        self._noised = [
            self._objective.noise_at(picture, level, random)
            for _ in range(NOISES)
            for level in LEVELS
        ]
        self._answers = self._predicted(self._plain)

    @torch.no_grad()
    def marks(self, entry: StackEntry) -> tuple[list[float], list[float]]:
        """The errors of the picture and how far the plain class has moved, for each noise."""
        speller = self._stacks.wear((entry,))
        picture = self._predicted(speller(self._caption))
        plain = self._predicted(self._plain)
        self._stacks.wear(())
        errors = [
            float(self._objective.losses(told, one).mean())
            for told, one in zip(picture, self._noised, strict=True)
        ]
        moved = [
            float((now - before).square().mean() * one.weight.mean())
            for now, before, one in zip(plain, self._answers, self._noised, strict=True)
        ]
        return errors, moved

    @torch.no_grad()
    def _predicted(self, caption: str) -> list[torch.Tensor]:
        told = encode_captions(self._base, [caption])
        return [
            predict(self._base, one.latents, one.timesteps, told).float() for one in self._noised
        ]


def _within(gaps: Sequence[float]) -> str:
    return f"{sum(gap <= WITHIN for gap in gaps)} of {len(gaps)}"


def _at(seen: Sequence[Look], step: int) -> Look:
    return next(one for one in seen if one.step == step)


def _without(flags: Sequence[bool], half: range) -> list[bool]:
    return [flag for index, flag in enumerate(flags) if index not in half]
