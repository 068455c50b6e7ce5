"""Every training method on the same concepts, pictures and steps, by a classifier and a CLIP.

Every concept is asked for in a place, or beside a thing, that none of its pictures showed. The
baseline is diffusers' own DreamBooth-LoRA recipe, once at the rate that it is published with and
once at ours, since that one is meant for models a hundred times as large. Then pairs: adapters of
that recipe added up, as `set_adapters` does, beside our adapters and our words kept apart. Concepts
alone are drawn in the same two ways: ours with a bare unconditional half, as `/imagine` does.

`--steps 0` gives each recipe its own number. `--part 1/2` does half of the work in this process and
prints no table.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from core.domain.drawing import Stacking
from core.domain.presets import recipe_of
from core.domain.recipes import Preset, Value
from core.pocket.world.scene import Backdrop, Scene, Thing
from core.worker.evaluation import metrics
from core.worker.evaluation.encoder import Scorer
from tests.bench._concepts import BY_NAME, Question, two_things
from tests.bench._sums import figure, mean, percent, share
from tests.bench._table import show
from tests.bench._teaching import FOLDER, TINY, Course, Workshop, mine

CONCEPTS, SEEDS, STEPS = 12, 20, 100
OURS, ADAPTER = "textual-inversion", "dreambooth-lora"
BASELINE, IN_WORDS = "diffusers' recipe", "no concept, said in words"
TUNED = f"{BASELINE}, our rate"
ADDED_UP = (BASELINE, TUNED)
"""Ways whose stacks are drawn as `set_adapters` draws them; ours are kept apart."""
IN_PAIRS = (*ADDED_UP, ADAPTER, OURS)


@dataclass(frozen=True, slots=True)
class Way:
    """A way to teach."""

    preset: Preset
    settings: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """What one concept came to, over the seeds."""

    right: float
    fidelity: float
    alignment: float
    diversity: float
    vendi: float


def ways(rate: float) -> dict[str, Way]:
    """Every method by its name, and the baseline."""
    own = ("-lora", "-lora-text", "")
    named = [*(f"dreambooth{end}" for end in own), "textual-inversion", "pivotal", "hypernetwork"]
    return {name: Way(Preset(name)) for name in named} | {
        BASELINE: Way(Preset.DIFFUSERS),
        TUNED: Way(Preset.DIFFUSERS, (("learning_rate", rate),)),
    }


async def run(
    *,
    concepts: int = CONCEPTS,
    seeds: int = SEEDS,
    steps: int = STEPS,
    part: str | None = None,
    folder: Path = FOLDER,
    tiny: bool = False,
    device: str = "cpu",
    dtype: str = "auto",
) -> None:
    """A table of the methods, then one of pairs."""
    if tiny:
        concepts, seeds, steps = TINY
    bench = _Bench(
        Workshop(folder, tiny=tiny, device=device, dtype=dtype),
        list(BY_NAME)[:concepts],
        seeds,
        steps or None,
    )
    for way, name in mine(bench.units, part):
        bench.figures(way, name)
    for way, question in mine(bench.pairs, part):
        bench.both_right(way, question)
    if part is None:
        bench.show_methods()
        bench.show_pairs()


class _Bench:
    def __init__(
        self, workshop: Workshop, names: Sequence[str], seeds: int, steps: int | None
    ) -> None:
        self._workshop, self._names, self._seeds, self._steps = workshop, names, seeds, steps
        usual = recipe_of(workshop.base.family.name, Preset.DREAMBOOTH_LORA, thing=True)
        self._ways = ways(usual.learning_rate)
        self._scorer = Scorer("pocket", device=torch.device("cpu"))

    @property
    def units(self) -> list[tuple[str, str]]:
        """Ways and concepts: all of one concept beside each other."""
        return [(way, name) for name in self._names for way in (IN_WORDS, *self._ways)]

    @property
    def pairs(self) -> list[tuple[str, Question]]:
        """Ways and questions after two subjects that were taught."""
        return [(way, asked) for asked in pairs_of(self._names) for way in IN_PAIRS]

    def figures(self, way: str, name: str) -> Figures:
        """Those of one concept, taught in one way."""
        stack = [] if way == IN_WORDS else [self._artifact(way, name)]
        apart = way not in ADDED_UP
        made = self._workshop.remembered(
            f"figures {name}",
            repr((stack, elsewhere(name), self._seeds, apart)),
            make=lambda: asdict(self._measured(name, stack, apart=apart)),
        )
        return Figures(**made)

    def both_right(self, way: str, question: Question) -> float:
        """In how many images both looks are whole: ours kept apart, others added up."""
        artifacts = [self._artifact(way, name) for name in question.names]
        apart = way not in ADDED_UP
        decides = repr((question, artifacts, apart, self._seeds))
        found = self._workshop.remembered(
            f"pair {'-'.join(question.names)}",
            decides,
            make=lambda: self._pair(question, artifacts, apart=apart),
        )
        return float(found)

    def show_methods(self) -> None:
        """A row for each method: means over the concepts with intervals."""
        rows = [self._row(way) for way in (*self._ways, IN_WORDS)]
        given = f"{self._steps} steps each" if self._steps else "each recipe's own steps"
        show(
            (
                f"{len(self._names)} concepts, {self._seeds} seeds, {given}",
                "whole looks", "CLIP-I", "CLIP-T", "distance", "Vendi", "processor s", "MB",
            ),
            rows,
        )  # fmt: skip

    def show_pairs(self) -> None:
        """How often both looks of a pair were whole, with the interval over the pairs."""
        shares = {
            way: [self.both_right(way, asked) for one, asked in self.pairs if one == way]
            for way in IN_PAIRS
        }
        if not shares[OURS]:
            return
        show(
            (f"{len(shares[OURS])} pairs of subjects, {self._seeds} seeds", "both whole"),
            [(f"{way}, {_put(way)}", percent(found)) for way, found in shares.items()],
        )

    def _row(self, way: str) -> tuple[str, ...]:
        found = [self.figures(way, name) for name in self._names]
        cells = (
            percent([one.right for one in found]),
            figure([one.fidelity for one in found]),
            figure([one.alignment for one in found]),
            figure([one.diversity for one in found]),
            figure([one.vendi for one in found]),
        )
        if way == IN_WORDS:
            return (way, *cells, "", "")
        taught = [self._workshop.taught(self._course(way, name)) for name in self._names]
        seconds = mean([one.process_s for one in taught])
        size = mean([one.size_bytes / 1e6 for one in taught])
        return (way, *cells, f"{seconds:.0f}", f"{size:.2f}")

    def _course(self, way: str, name: str) -> Course:
        chosen = self._ways[way]
        return Course(name, chosen.preset, self._steps, settings=chosen.settings)

    def _artifact(self, way: str, name: str) -> str:
        return self._workshop.taught(self._course(way, name)).artifact

    def _measured(self, name: str, artifacts: Sequence[str], *, apart: bool) -> Figures:
        asked, stack = elsewhere(name), [self._workshop.entry(name, one) for one in artifacts]
        said = asked.prompt if stack else asked.in_words
        images = self._workshop.draw(said, self._seeds, stack, stacking=_drawn(apart))
        (whole,) = self._workshop.read(images, asked.concepts)
        features, rows = self._scorer.pictures(images), torch.arange(self._seeds)
        taught, text = (
            self._scorer.pictures(self._workshop.shown(Course(name))),
            self._scorer.texts([plainly(asked)]),
        )
        return Figures(
            right=share(whole),
            fidelity=float(metrics.fidelity(features, taught).mean()),
            alignment=float(metrics.alignment(features, text).mean()),
            diversity=float(metrics.pairwise_distance(features, torch.zeros_like(rows))(rows)),
            vendi=float(metrics.vendi(features)(rows)),
        )

    def _pair(self, question: Question, artifacts: Sequence[str], *, apart: bool) -> float:
        stack = [
            self._workshop.entry(name, artifact)
            for name, artifact in zip(question.names, artifacts, strict=True)
        ]
        images = self._workshop.draw(question.prompt, self._seeds, stack, stacking=_drawn(apart))
        flags = self._workshop.read(images, question.concepts)
        return share([all(row) for row in zip(*flags, strict=True)])


def pairs_of(names: Sequence[str]) -> list[Question]:
    """Two subjects each, of those that were taught."""
    return [question for question in two_things() if set(question.names) <= set(names)]


def elsewhere(name: str) -> Question:
    """A subject in a city, a forest with a boat in it: the sixth picture would show that."""
    concept = BY_NAME[name]
    said = f"{concept.token} {concept.class_noun}"
    if isinstance(concept.look, Thing):
        scene = Scene(Backdrop("city"), (concept.look,))
        return Question((name,), f"a photo of {said} in a city", scene)
    scene = Scene(concept.look, (Thing("boat", "purple"),))
    return Question((name,), f"a photo of a purple boat in {said}", scene)


def plainly(question: Question) -> str:
    """A prompt with each concept told by its class alone, as for someone who knows no names."""
    said = question.prompt
    for concept in question.concepts:
        said = said.replace(f"{concept.token} ", "")
    return said


def _drawn(apart: bool) -> Stacking:
    """As `/imagine` draws, or as diffusers does."""
    return Stacking.APART if apart else Stacking.SUM


def _put(way: str) -> str:
    return "added up" if way in ADDED_UP else "kept apart"
