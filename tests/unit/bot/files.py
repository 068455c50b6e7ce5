"""Files that people upload, good and hostile, made here so that nothing binary is stored."""

import io
import random

from PIL import Image


def noise(seed: int, side: int = 64) -> Image.Image:
    """A picture of coloured patches that no other seed has."""
    dice = random.Random(seed)
    small = Image.new("RGB", (8, 8))
    small.putdata(
        [(dice.randrange(256), dice.randrange(256), dice.randrange(256)) for _ in range(64)]
    )
    return small.resize((side, side), Image.Resampling.NEAREST)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise_png(seed: int, side: int = 64) -> bytes:
    return saved(noise(seed, side), "PNG")
