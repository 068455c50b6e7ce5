"""Fourteen concepts alone, in pairs and in triples: added up, kept apart, and said in plain words.

The concepts are taught once with the default recipe into `build/concepts` and taken from there the
next time. The judge is the classifier that reads pictures of the drawn world back into scenes;
"both right" means every attribute of every concept was read on its own object. What the base model
makes of the same scene in plain words is the ceiling: it knows the looks by name.
"""

from collections.abc import Callable, Sequence

from PIL import Image

from core.domain.requests import Stacking
from tests.bench._concepts import BY_NAME, Question, alone, in_scenes, triples, two_things
from tests.bench._sums import percent, share
from tests.bench._table import show
from tests.bench._teaching import FOLDER, Course, Workshop

SEEDS = 20

Draw = Callable[[Question], list[Image.Image]]


async def run() -> None:
    """Teach what is missing, then a table for each number of concepts."""
    bench = _Bench()
    taught = [(name, BY_NAME[name].class_noun, f"{bench.seconds(name):.0f}") for name in BY_NAME]
    show(("concept", "class", "processor's seconds to teach"), taught)
    bench.table("alone", alone())
    bench.table("a subject in a taught forest", in_scenes())
    bench.table("two subjects", two_things())
    bench.table("two subjects in a taught forest", triples())
    print(f"Sheets of the images: {FOLDER}/*.png\n")


class _Bench:
    def __init__(self) -> None:
        self._workshop = Workshop()
        self._taught = {name: self._workshop.taught(Course(name)) for name in BY_NAME}

    def seconds(self, name: str) -> float:
        return self._taught[name].process_s

    def table(self, title: str, questions: Sequence[Question]) -> None:
        """Every question, then the mean with an interval over the questions."""
        ways: dict[str, Draw] = {
            "added up": lambda q: self._draw(q.prompt, q.names, Stacking.SUM),
            "apart": lambda q: self._draw(q.prompt, q.names, Stacking.APART),
            "in words": lambda q: self._draw(q.in_words, (), Stacking.SUM),
        }
        shares: dict[str, list[float]] = {way: [] for way in ways}
        rows = []
        for question in questions:
            cells = []
            for way, draw in ways.items():
                each, together = self._judged(question, draw(question), f"{title} {way}")
                shares[way].append(together)
                cells.append(f"{together:.0%} ({', '.join(f'{one:.0%}' for one in each)})")
            rows.append((question.prompt.replace("<", r"\<"), *cells))
        rows.append(("**mean**", *(f"**{percent(shares[way])}**" for way in ways)))
        show((f"{title}, {SEEDS} seeds: all right (each)", *ways), rows)

    def _draw(self, prompt: str, names: Sequence[str], stacking: Stacking) -> list[Image.Image]:
        stack = [self._workshop.entry(name, self._taught[name].artifact) for name in names]
        return self._workshop.draw(prompt, SEEDS, stack, stacking=stacking)

    def _judged(
        self, question: Question, images: Sequence[Image.Image], title: str
    ) -> tuple[list[float], float]:
        flags = self._workshop.read(images, question.concepts)
        _sheet(images).save(FOLDER / f"{title} {'-'.join(question.names)}.png")
        together = [all(row) for row in zip(*flags, strict=True)]
        return [share(row) for row in flags], share(together)


def _sheet(images: Sequence[Image.Image], columns: int = 10, scale: int = 2) -> Image.Image:
    side = images[0].width * scale
    sheet = Image.new("RGB", (columns * side, -(-len(images) // columns) * side), "white")
    for index, image in enumerate(images):
        large = image.resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(large, (index % columns * side, index // columns * side))
    return sheet
