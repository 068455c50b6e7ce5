"""Fourteen concepts alone, in pairs and in triples: added up, kept apart, and said in plain words.

The concepts are taught once with the default recipe into `build/concepts`, and what was judged is
kept there too, so that a run that was broken off goes on. `--part 1/2` does half of the work in
this process and prints no table. The judge is the classifier that reads pictures of the drawn world
back into scenes; "both right" means every attribute of every concept was read on its own object.
What the base model makes of the same scene in plain words is the ceiling of what can be taught,
since it knows the looks by name; what the judge reads in drawings of the scene, which are right,
is the ceiling of what can be measured.
"""

import random
from collections.abc import Callable, Mapping, Sequence

from PIL import Image

from core.domain.drawing import Stacking
from core.pocket.world.render import render
from tests.bench._concepts import BY_NAME, Question, alone, in_scenes, triples, two_things
from tests.bench._sums import percent, share
from tests.bench._table import show
from tests.bench._teaching import FOLDER, Course, Taught, Workshop, mine

SEEDS = 20

ADDED, APART, IN_WORDS, DRAWN = WAYS = "added up", "apart", "in words", "drawings"
GROUPS: Mapping[str, Callable[[], list[Question]]] = {
    "alone": alone,
    "a subject in a taught forest": in_scenes,
    "two subjects": two_things,
    "two subjects in a taught forest": triples,
}


async def run(*, part: str | None = None, device: str = "cpu", dtype: str = "auto") -> None:
    """Teach what is missing, then a table for each number of concepts."""
    bench = _Bench(Workshop(device=device, dtype=dtype))
    units = [(title, q, way) for title, asked in GROUPS.items() for q in asked() for way in WAYS]
    if part is not None:
        for unit in mine(units, part):
            bench.cell(*unit)
        return
    taught = [(name, BY_NAME[name].class_noun, f"{bench.seconds(name):.0f}") for name in BY_NAME]
    show(("concept", "class", "processor's seconds to teach"), taught)
    for title, asked in GROUPS.items():
        bench.table(title, asked())
    print(f"Sheets of the images: {FOLDER}/*.png\n")


class _Bench:
    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def seconds(self, name: str) -> float:
        return self._taught(name).process_s

    def table(self, title: str, questions: Sequence[Question]) -> None:
        """Every question, then the mean with an interval over the questions."""
        shares: dict[str, list[float]] = {way: [] for way in WAYS}
        rows = []
        for question in questions:
            cells = []
            for way in WAYS:
                together, each = self.cell(title, question, way)
                shares[way].append(together)
                cells.append(f"{together:.0%} ({', '.join(f'{one:.0%}' for one in each)})")
            rows.append((question.prompt.replace("<", r"\<"), *cells))
        rows.append(("**mean**", *(f"**{percent(shares[way])}**" for way in WAYS)))
        show((f"{title}, {SEEDS} seeds: all right (each)", *WAYS), rows)

    def cell(self, title: str, question: Question, way: str) -> tuple[float, list[float]]:
        """In which share all concepts were right, and in which share each."""
        taught = way in (ADDED, APART)
        worn = tuple(self._taught(name).artifact for name in question.names) if taught else ()
        asked = question.prompt if taught else question.in_words
        together, each = self._workshop.remembered(
            f"stacking {way} {'-'.join(question.names)}",
            asked,
            *worn,
            str(SEEDS),
            make=lambda: self._judged(question, asked, worn, way, f"{title} {way}"),
        )
        return together, each

    def _taught(self, name: str) -> Taught:
        return self._workshop.taught(Course(name))

    def _judged(
        self, question: Question, asked: str, worn: Sequence[str], way: str, title: str
    ) -> tuple[float, list[float]]:
        images = drawings(question) if way == DRAWN else self._made(question, asked, worn, way)
        flags = self._workshop.read(images, question.concepts)
        _sheet(images).save(FOLDER / f"{title} {'-'.join(question.names)}.png")
        return share([all(row) for row in zip(*flags, strict=True)]), [share(row) for row in flags]

    def _made(
        self, question: Question, asked: str, worn: Sequence[str], way: str
    ) -> list[Image.Image]:
        stack = [self._workshop.entry(*pair) for pair in zip(question.names, worn, strict=False)]
        stacking = Stacking.APART if way == APART else Stacking.SUM
        return self._workshop.draw(asked, SEEDS, stack, stacking=stacking)


def drawings(question: Question, count: int = SEEDS) -> list[Image.Image]:
    """The scene that a question asks for, as the drawn world draws it."""
    return [render(question.scene, random.Random(seed)) for seed in range(count)]


def _sheet(images: Sequence[Image.Image], columns: int = 10, scale: int = 2) -> Image.Image:
    side = images[0].width * scale
    sheet = Image.new("RGB", (columns * side, -(-len(images) // columns) * side), "white")
    for index, image in enumerate(images):
        large = image.resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(large, (index % columns * side, index // columns * side))
    return sheet
