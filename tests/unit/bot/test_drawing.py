"""What is drawn from stored pictures."""

import io
from dataclasses import replace
from pathlib import Path

from PIL import Image as Picture

from bot.drawing import Drawing
from bot.ui.scorecard import GAP_PX, LABEL_PX, TILE_MAX_PX
from core.domain.evaluation import Scores
from core.domain.requests import Purpose
from core.storage import Storage
from tests.evaluations import CLOSEST, scores_of
from tests.unit.bot.files import noise_png
from tests.unit.bot.ui.test_evaluation_cards import images, request


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
