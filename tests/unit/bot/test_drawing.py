"""What is drawn from stored pictures."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Picture

from bot.drawing import STEPS_MAX, Drawing
from bot.ui import grid
from bot.ui.card import Blob
from bot.ui.cards.steps import Ran
from bot.ui.scorecard import GAP_PX, LABEL_PX, TILE_MAX_PX
from core.domain.evaluation import Scores
from core.domain.requests import Purpose
from core.storage import Storage
from tests.evaluations import CLOSEST, scores_of
from tests.unit.bot.files import noise_png
from tests.unit.bot.ui.test_evaluation_cards import images, request
from tests.unit.bot.ui.test_library_cards import version


async def test_the_nearest_training_picture_stands_beside_its_image(tmp_path: Path) -> None:
    """In a row of its own: the image that is nearest to any, and that picture."""
    storage = Storage(f"file://{tmp_path}")
    taught = Picture.new("RGB", (64, 64), "red")
    data = io.BytesIO()
    taught.save(data, "PNG")
    wish = request(Purpose.CONCEPT).model_copy(
        update={"pictures": ((storage.put(data.getvalue()),),)}
    )
    drawn = [storage.put(noise_png(index)) for index in range(6)]
    shown = [replace(image, key=key) for image, key in zip(images(6), drawn, strict=True)]

    async def card(scores: Scores) -> Picture.Image:
        blob = await Drawing(storage).scores(wish, scores, shown)
        return Picture.open(io.BytesIO(blob.data)).convert("RGB")

    scores = scores_of(wish)
    assert scores.likeness[0].closest == CLOSEST
    bare = scores.likeness[0].model_copy(update={"closest": None})
    with_it, without = (
        await card(scores),
        await card(scores.model_copy(update={"likeness": (bare,)})),
    )
    assert with_it.height - without.height == LABEL_PX + TILE_MAX_PX + 14
    beside = (32 + TILE_MAX_PX + GAP_PX + 80, with_it.height - 16 - 14 - 80)
    assert with_it.getpixel(beside) == (255, 0, 0)


@pytest.mark.parametrize(("count", "shown"), [(3, 3), (STEPS_MAX, STEPS_MAX), (40, STEPS_MAX)])
async def test_the_version_is_among_the_steps_that_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, shown: int
) -> None:
    """However many previews there are; the others are spread, the first and the last with them."""
    storage, labels = Storage(f"file://{tmp_path}"), list[str]()
    draw = grid.result

    def noting(tiles: Sequence[grid.Tile], name: str) -> Blob:
        labels.extend(tile.label for tile in tiles)
        return draw(tiles, name)

    monkeypatch.setattr(grid, "result", noting)
    previews = {100 * at: storage.put(noise_png(at)) for at in range(count)}
    ran = Ran("xyz", version(number=3), kept=100, others=())
    blob = await Drawing(storage).steps(ran, previews)
    assert blob is not None
    assert blob.name == "steps-1-v3.png"
    assert len(labels) == shown
    assert labels[:2] == ["step 0", "step 100 = v3"]
    assert labels[-1] == f"step {100 * (count - 1)}"
    assert await Drawing(storage).steps(ran, {}) is None
