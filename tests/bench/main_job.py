"""The main job, judged: two concepts taught from five pictures each, alone, stacked, spoken.

The service runs as a newcomer starts it; the recipe is the default one. The judge is a classifier
trained on renders of every combination; the plain class is the baseline.
"""

import asyncio
import io
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from core.pocket.concepts import KAR, XYZ, PocketConcept, shows
from core.pocket.judge import Judge
from core.pocket.paths import judge_path
from core.storage import Storage
from tests.bench._table import show
from tests.e2e.records import rows
from tests.person import Person
from tests.program import demo

SAMPLES = Path(__file__).parents[2] / "bot/playground/samples"
SHEETS = Path("build/main_job")
ROUNDS, COUNT = 6, 4
PROMPTS: tuple[tuple[str, str, tuple[PocketConcept, ...]], ...] = (
    ("baseline: plain temple", "a photo of a temple on a beach", (XYZ,)),
    ("baseline: plain forest", "a photo of a forest", (KAR,)),
    ("baseline: both plain", "a photo of a temple in a forest", (XYZ, KAR)),
    ("<xyz> on a beach", "a photo of <xyz> temple on a beach", (XYZ,)),
    ("<xyz> in the mountains", "<xyz> temple in the mountains", (XYZ,)),
    ("<kar>", "a photo of <kar> forest", (KAR,)),
    ("<kar> with a cat", "a brown cat in <kar> forest", (KAR,)),
    ("both", "a photo of <xyz> temple in <kar> forest", (XYZ, KAR)),
)


async def run() -> None:
    """Teach, ask, judge, and write one sheet of images a prompt."""
    SHEETS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with demo(folder) as (_, control):
            owl = control.person("owl", "gallery")
            taught = [await _teach(owl, concept) for concept in (XYZ, KAR)]
            rows_ = [await _ask(owl, folder, *wish) for wish in PROMPTS]
            rows_.append(await _say(control.person("owl", "gallery"), folder))
    show(("concept", "pictures", "seconds to teach"), taught)
    show(("asked for", "images", "shown", "each concept"), rows_)
    print(f"Sheets of the images: {SHEETS}/\n")


async def _teach(person: Person, concept: PocketConcept) -> tuple[str, int, str]:
    options = {"name": concept.name, "class": concept.class_noun, "zip": "z"}
    began = time.perf_counter()
    outcome = await person.run("train", options, files={"z": SAMPLES / f"{concept.name}.zip"})
    card = None
    while card is None:
        try:
            card = await person.wait(
                outcome["seq"], 120, event="message_create", author="bot", attachments=1
            )
        except TimeoutError:
            if time.perf_counter() - began > 1800:
                raise
    image = await person.control.download(card["message"]["attachments"][0]["url"])
    Image.open(io.BytesIO(image)).save(SHEETS / f"card-{concept.name}.png")
    return concept.token, 5, f"{time.perf_counter() - began:.0f}"


async def _ask(
    person: Person, folder: Path, title: str, prompt: str, wanted: Sequence[PocketConcept]
) -> tuple[str, int, str, str]:
    for index in range(ROUNDS):
        options = {"prompt": prompt, "count": COUNT, "seed": 100 + index * COUNT}
        outcome = await person.run("imagine", options)
        await person.wait(outcome["seq"], 120, event="message_create", author="bot", attachments=1)
        await asyncio.sleep(1)
    return _judged(folder, title, ROUNDS * COUNT, wanted)


async def _say(person: Person, folder: Path) -> tuple[str, int, str, str]:
    """The sentence as a voice message that replies to the bot, then Imagine."""
    messages = await person.messages()
    theirs = next(m for m in reversed(messages) if m["author"].get("bot"))
    heard = ""
    for _ in range(ROUNDS):
        spoken = await person.speak(SAMPLES / "say.ogg", reply_to=theirs["id"])
        card = await person.wait(
            spoken["seq"], 120, event="message_create", author="bot", contains="<kar>"
        )
        heard = str(card["message"])
        pressed = await person.press(card["message"], "Imagine")
        await person.wait(pressed["seq"], 120, event="message_create", author="bot", attachments=1)
    assert "&lt;xyz" in heard or "<xyz" in heard, heard
    return _judged(folder, "both, by voice", ROUNDS * COUNT, (XYZ, KAR))


def _judged(
    folder: Path, title: str, count: int, wanted: Sequence[PocketConcept]
) -> tuple[str, int, str, str]:
    """Judge the newest `count` images."""
    storage = Storage(f"file://{folder}/blobs")
    keys = rows(folder, "SELECT key FROM images ORDER BY id DESC LIMIT ?", count)
    images = [Image.open(io.BytesIO(storage.get(row["key"]))).convert("RGB") for row in keys]
    _sheet(images).save(SHEETS / f"{''.join(c if c.isalnum() else '-' for c in title)}.png")
    readings = Judge.load(judge_path()).read(images)
    each = [[shows(reading, concept) for reading in readings] for concept in wanted]
    together = [all(flags) for flags in zip(*each, strict=True)]
    parts = ", ".join(
        f"{concept.token} {sum(flags) / count:.0%}"
        for concept, flags in zip(wanted, each, strict=True)
    )
    return title, count, f"{sum(together) / count:.0%}", parts


def _sheet(images: Sequence[Image.Image], columns: int = 8, scale: int = 2) -> Image.Image:
    side = images[0].width * scale
    sheet = Image.new("RGB", (columns * side, -(-len(images) // columns) * side), "white")
    for index, image in enumerate(images):
        large = image.resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(large, (index % columns * side, index // columns * side))
    return sheet
