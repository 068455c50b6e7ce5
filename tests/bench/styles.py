"""Styles by every training method: how often images are in them and show what was asked.

Two are paint of one colour, one is strokes. Each is taught from five pictures and asked for with
eight things that none of them showed. Judged by colours that the paint leaves possible, or by
strokes that are found, and by the classifier, which looks through the style. The last row is
drawings of the same in the style, through the model's VAE: no model behind it could do better.
Diffusers' own recipe is told nothing of what the pictures show, as its script isn't; the first way
without captions shows what telling it is worth.

`--steps 0`, as is usual, gives each recipe its own number. `--part 1/2` does half of the work in
this process and prints no table.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from PIL import Image

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.recipes import Preset
from core.domain.requests import TrainRequest
from core.pocket.world.scene import Scene
from core.worker.evaluation import metrics
from core.worker.evaluation.encoder import Scorer
from core.worker.imagine import png
from tests.bench._styles import (
    ASKED,
    STYLES,
    PocketStyle,
    drawings,
    pictures,
    shows_thing,
)
from tests.bench._sums import figure, mean, percent
from tests.bench._table import show
from tests.bench._teaching import FOLDER, QUICKLY, TINY, Taught, Workshop, mine

SEEDS, NUMBER = 20, 100
NO_STYLE, DRAWINGS = "no style", "drawings, through the VAE"
UNTAUGHT = (NO_STYLE, DRAWINGS)
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
    """A table for each style, with a row for each way to teach."""
    if tiny:
        _, seeds, steps = TINY
    bench = _Bench(Workshop(folder, tiny=tiny), seeds, steps or None)
    for way, style in mine([(way, style) for style in STYLES for way in WAYS], part):
        bench.figures(way, style)
    for style in STYLES if part is None else ():
        bench.show(style)


class _Bench:
    def __init__(self, workshop: Workshop, seeds: int, steps: int | None) -> None:
        self._workshop, self._seeds, self._steps = workshop, seeds, steps
        self._scorer = Scorer("pocket", device=torch.device("cpu"))

    def figures(self, way: str, style: PocketStyle) -> list[Figures]:
        """Those of each prompt."""
        stack = [] if way in UNTAUGHT else [entry(style, self._taught(way, style).artifact)]
        found = self._workshop.remembered(
            f"style {style.name}",
            repr((way if way in UNTAUGHT else "", stack, style, ASKED, self._seeds)),
            make=lambda: [asdict(one) for one in self._measured(way, style, stack)],
        )
        return [Figures(**one) for one in found]

    def show(self, style: PocketStyle) -> None:
        """Means over prompts, with intervals over them."""
        given = f"{self._steps} steps each" if self._steps else "each recipe's own steps"
        head = f"<{style.name}>, {len(ASKED)} prompts, {self._seeds} seeds, {given}"
        show(
            (head, "in the style", "thing and colour", "both", "CLIP-I", "processor s", "MB"),
            [self._row(way, style) for way in (*WAYS, *UNTAUGHT)],
        )

    def _row(self, way: str, style: PocketStyle) -> tuple[str, ...]:
        found = self.figures(way, style)
        cells = (
            percent([one.in_style for one in found]),
            percent([one.shown for one in found]),
            percent([one.both for one in found]),
            figure([one.fidelity for one in found]),
        )
        if way in UNTAUGHT:
            return (way, *cells, "", "")
        taught = self._taught(way, style)
        return (way, *cells, f"{taught.process_s:.0f}", f"{taught.size_bytes / 1e6:.2f}")

    def _taught(self, way: str, style: PocketStyle) -> Taught:
        return taught(self._workshop, style, way, self._steps)

    def _measured(self, way: str, style: PocketStyle, stack: Sequence[StackEntry]) -> list[Figures]:
        taught = self._scorer.pictures(pictures(style))
        return [
            self._of_images(
                self._images(way, style, stack, prompt, scene), way, style, scene, taught
            )
            for prompt, scene in ASKED
        ]

    def _images(
        self, way: str, style: PocketStyle, stack: Sequence[StackEntry], prompt: str, scene: Scene
    ) -> list[Image.Image]:
        if way == DRAWINGS:
            return self._workshop.through_vae(drawings(style, scene, self._seeds))
        said = f"{prompt} in <{style.name}> style" if stack else prompt
        return self._workshop.draw(said, self._seeds, stack, stacking=Stacking.APART)

    def _of_images(
        self,
        images: Sequence[Image.Image],
        way: str,
        style: PocketStyle,
        scene: Scene,
        taught: torch.Tensor,
    ) -> Figures:
        bare = images if way == NO_STYLE else [style.through(one) for one in images]
        have = [style.has(one) for one in images]
        shows = shows_thing(self._workshop.judge(bare), scene)
        return Figures(
            in_style=mean(have),
            shown=mean(shows),
            both=mean([one and other for one, other in zip(have, shows, strict=True)]),
            fidelity=float(metrics.fidelity(self._scorer.pictures(images), taught).mean()),
        )


def taught(
    workshop: Workshop, style: PocketStyle, way: str = USUAL, steps: int | None = None
) -> Taught:
    """What a style's five pictures gave, now or earlier, in one of the ways."""
    chosen = WAYS[way]
    request = TrainRequest(
        concept_id=1,
        name=style.name,
        class_noun="style",
        concept_kind=ConceptKind.STYLE,
        pictures=tuple(workshop.storage.put(png(one)) for one in pictures(style)),
        preset=chosen.preset,
        steps=steps,
        settings=QUICKLY if workshop.tiny else {},
        seed=1,
    )
    return workshop.learned(workshop.in_full(request), told=chosen.told)


def entry(style: PocketStyle, artifact: str) -> StackEntry:
    """A style in a stack, at full weight; its number is none of the subjects'."""
    return StackEntry(
        concept_id=NUMBER,
        version_id=NUMBER,
        name=style.name,
        class_noun="style",
        kind=ConceptKind.STYLE,
        artifact=artifact,
    )
