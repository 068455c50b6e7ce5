"""Two styles by every training method: how often images are in them and show what was asked.

Each is taught from five pictures and asked for with four things that none of them showed. Judged by
colours that the style leaves possible, and by the classifier, which looks through the style.
Diffusers' own recipe is told nothing of what the pictures show, as its script isn't; the first way
without captions shows what telling it is worth.

`--steps 0`, as is usual, gives each recipe its own number. `--part 1/2` does half of the work in
this process and prints no table.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.recipes import Preset
from core.domain.requests import Stacking, TrainRequest
from core.worker.evaluation import metrics
from core.worker.evaluation.encoder import Scorer
from core.worker.imagine import png
from tests.bench._styles import ASKED, STYLES, PocketStyle, pictures, shows_thing
from tests.bench._sums import figure, mean, percent
from tests.bench._table import show
from tests.bench._teaching import FOLDER, QUICKLY, TINY, Taught, Workshop, mine

SEEDS = 20
NO_STYLE = "no style"
UNTOLD = ", pictures not told"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to teach, and whether anybody says what the pictures show."""

    preset: Preset
    told: bool = True


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of the images of one prompt, and their likeness to the style's pictures."""

    in_style: float
    shown: float
    both: float
    fidelity: float


USUAL = Preset.DREAMBOOTH_LORA
WAYS = {
    USUAL: Way(USUAL),
    f"{USUAL}{UNTOLD}": Way(USUAL, told=False),
    "dreambooth-lora-text": Way(Preset("dreambooth-lora-text")),
    "dreambooth": Way(Preset("dreambooth")),
    "textual-inversion": Way(Preset("textual-inversion")),
    "pivotal": Way(Preset("pivotal")),
    "hypernetwork": Way(Preset("hypernetwork")),
    "diffusers' recipe": Way(Preset.DIFFUSERS, told=False),
}


async def run(
    *,
    seeds: int = SEEDS,
    steps: int = 0,
    part: str | None = None,
    folder: Path = FOLDER,
    tiny: bool = False,
) -> None:
    """A table with a row for each way to teach."""
    if tiny:
        _, seeds, steps = TINY
    bench = _Bench(Workshop(folder, tiny=tiny), seeds, steps or None)
    for way, style in mine([(way, style) for style in STYLES for way in WAYS], part):
        bench.figures(way, style)
    if part is None:
        bench.show()


class _Bench:
    def __init__(self, workshop: Workshop, seeds: int, steps: int | None) -> None:
        self._workshop, self._seeds, self._steps = workshop, seeds, steps
        self._scorer = Scorer("pocket", device=torch.device("cpu"))

    def figures(self, way: str, style: PocketStyle) -> list[Figures]:
        """Those of each prompt."""
        stack = [] if way == NO_STYLE else [_entry(style, self._taught(way, style).artifact)]
        found = self._workshop.remembered(
            f"style {style.name}",
            repr((stack, style, ASKED, self._seeds)),
            make=lambda: [asdict(one) for one in self._measured(style, stack)],
        )
        return [Figures(**one) for one in found]

    def show(self) -> None:
        """Means over prompts and styles, with intervals over them."""
        given = f"{self._steps} steps each" if self._steps else "each recipe's own steps"
        head = f"{len(STYLES)} styles, {len(ASKED)} prompts, {self._seeds} seeds, {given}"
        show(
            (head, "in the style", "thing and colour", "both", "CLIP-I", "processor s", "MB"),
            [self._row(way) for way in (*WAYS, NO_STYLE)],
        )

    def _row(self, way: str) -> tuple[str, ...]:
        found = [one for style in STYLES for one in self.figures(way, style)]
        cells = (
            percent([one.in_style for one in found]),
            percent([one.shown for one in found]),
            percent([one.both for one in found]),
            figure([one.fidelity for one in found]),
        )
        if way == NO_STYLE:
            return (way, *cells, "", "")
        taught = [self._taught(way, style) for style in STYLES]
        seconds, size = mean([one.process_s for one in taught]), [one.size_bytes for one in taught]
        return (way, *cells, f"{seconds:.0f}", f"{mean(size) / 1e6:.2f}")

    def _taught(self, way: str, style: PocketStyle) -> Taught:
        chosen = WAYS[way]
        request = TrainRequest(
            concept_id=1,
            name=style.name,
            class_noun="style",
            concept_kind=ConceptKind.STYLE,
            pictures=tuple(self._workshop.storage.put(png(one)) for one in pictures(style)),
            preset=chosen.preset,
            steps=self._steps,
            settings=QUICKLY if self._workshop.tiny else {},
            seed=1,
        )
        return self._workshop.learned(self._workshop.in_full(request), told=chosen.told)

    def _measured(self, style: PocketStyle, stack: Sequence[StackEntry]) -> list[Figures]:
        taught = self._scorer.pictures(pictures(style))
        return [self._of_prompt(style, stack, index, taught) for index in range(len(ASKED))]

    def _of_prompt(
        self, style: PocketStyle, stack: Sequence[StackEntry], index: int, taught: torch.Tensor
    ) -> Figures:
        prompt, thing = ASKED[index]
        said = f"{prompt} in <{style.name}> style" if stack else prompt
        images = self._workshop.draw(said, self._seeds, stack, stacking=Stacking.APART)
        bare = [style.through(one) for one in images] if stack else images
        have = [style.has(one) for one in images]
        shows = shows_thing(self._workshop.judge(bare), thing)
        return Figures(
            in_style=mean(have),
            shown=mean(shows),
            both=mean([one and other for one, other in zip(have, shows, strict=True)]),
            fidelity=float(metrics.fidelity(self._scorer.pictures(images), taught).mean()),
        )


def _entry(style: PocketStyle, artifact: str) -> StackEntry:
    return StackEntry(
        concept_id=1,
        version_id=1,
        name=style.name,
        class_noun="style",
        kind=ConceptKind.STYLE,
        artifact=artifact,
    )
