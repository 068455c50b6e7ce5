"""The places of the drawn world, painted at three times the final size."""

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from PIL import Image, ImageDraw

from core.pocket.world.palette import PALETTE, RGB, jitter, mix
from core.pocket.world.scene import Backdrop

SIZE_PX = 64
SUPERSAMPLING = 3
CANVAS_PX = SIZE_PX * SUPERSAMPLING
_W = CANVAS_PX

Painter = Callable[[Image.Image, random.Random, Backdrop], None]


def paint_backdrop(backdrop: Backdrop, rng: random.Random) -> Image.Image:
    """Returns a fresh RGB canvas of CANVAS_PX × CANVAS_PX showing the place."""
    canvas = Image.new("RGB", (_W, _W))
    _PAINTERS[backdrop.place](canvas, rng, backdrop)
    return canvas


def _white(canvas: Image.Image, rng: random.Random, backdrop: Backdrop) -> None:
    level = rng.randint(246, 255)
    canvas.paste((level, level, level), (0, 0, _W, _W))


def _forest(canvas: Image.Image, rng: random.Random, backdrop: Backdrop) -> None:
    top, bottom = _forest_sky(backdrop.sky, rng)
    _gradient(canvas, top, bottom)
    draw, horizon = ImageDraw.Draw(canvas), int(_W * rng.uniform(0.6, 0.75))
    draw.rectangle((0, horizon, _W, _W), fill=_forest_ground(backdrop.ground, rng))
    count, leaves = rng.randint(4, 6), _forest_leaves(backdrop.trees)
    for index in range(count):
        x = int(_W * (index + rng.uniform(0.1, 0.9)) / count)
        _pine(draw, x, horizon, jitter(leaves, rng, 18), rng)


def _forest_sky(sky: str | None, rng: random.Random) -> tuple[RGB, RGB]:
    if sky is None:
        return jitter((170, 210, 170), rng), jitter((110, 160, 100), rng)
    colour = PALETTE[sky]
    return (
        jitter(mix(colour, (255, 255, 255), 0.2), rng, 8),
        jitter(mix(colour, (255, 255, 255), 0.55), rng, 8),
    )


def _forest_ground(ground: str | None, rng: random.Random) -> RGB:
    if ground is None:
        return jitter((70, 110, 50), rng)
    return jitter(mix(PALETTE[ground], (0, 0, 0), 0.12), rng, 10)


def _forest_leaves(trees: str | None) -> RGB:
    return (25, 80, 40) if trees is None else mix(PALETTE[trees], (0, 0, 0), 0.05)


def _pine(draw: ImageDraw.ImageDraw, x: int, horizon: int, leaves: RGB, rng: random.Random) -> None:
    width, height = rng.randint(14, 22), int(_W * rng.uniform(0.45, 0.62))
    draw.rectangle((x - 3, horizon - 10, x + 3, horizon + rng.randint(4, 16)), fill=(70, 50, 30))
    for tier in range(3):
        base, half = horizon - 6 - tier * height // 4, width - tier * 4
        outline = mix(leaves, (0, 0, 0), 0.25)
        points = [(x - half, base), (x + half, base), (x, base - height // 2)]
        draw.polygon(points, fill=leaves, outline=outline)


def _beach(canvas: Image.Image, rng: random.Random, backdrop: Backdrop) -> None:
    _gradient(canvas, jitter((120, 195, 240), rng), jitter((200, 232, 250), rng))
    draw = ImageDraw.Draw(canvas)
    water, sand = int(_W * rng.uniform(0.36, 0.46)), int(_W * rng.uniform(0.58, 0.68))
    draw.rectangle((0, water, _W, sand), fill=jitter((40, 130, 190), rng))
    draw.rectangle((0, sand, _W, _W), fill=jitter((238, 214, 150), rng))
    draw.rectangle((0, sand - 3, _W, sand + 2), fill=(240, 248, 250))
    x, radius = rng.randint(10, _W - 10), rng.randint(10, 14)
    draw.ellipse(
        (x - radius, 18 - radius + rng.randint(0, 8), x + radius, 18 + radius),
        fill=(255, 240, 150),
    )


def _night(canvas: Image.Image, rng: random.Random, backdrop: Backdrop) -> None:
    _gradient(canvas, jitter((10, 12, 40), rng, 6), jitter((35, 35, 85), rng, 8))
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.randint(18, 30)):
        x, y, radius = rng.randint(0, _W), rng.randint(0, int(_W * 0.8)), rng.choice((1, 2, 2, 3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(235, 235, 210))
    horizon = int(_W * rng.uniform(0.8, 0.88))
    draw.rectangle((0, horizon, _W, _W), fill=jitter((14, 22, 24), rng, 4))


def _mountains(canvas: Image.Image, rng: random.Random, backdrop: Backdrop) -> None:
    _gradient(canvas, jitter((175, 205, 235), rng), jitter((225, 235, 245), rng))
    draw, horizon = ImageDraw.Draw(canvas), int(_W * rng.uniform(0.66, 0.76))
    for index in range(3):
        x, height = int(_W * (index * 0.4 + rng.uniform(-0.05, 0.25))), _W * rng.uniform(0.4, 0.58)
        half, rock = height * rng.uniform(0.65, 0.9), jitter((115, 118, 132), rng, 12)
        peak, snow = (x, horizon - height), horizon - height * 0.68
        draw.polygon([(x - half, horizon), (x + half, horizon), peak], fill=rock)
        draw.polygon([(x - half * 0.32, snow), (x + half * 0.32, snow), peak], fill=(248, 250, 255))
    draw.rectangle((0, horizon, _W, _W), fill=jitter((140, 180, 100), rng))


def _city(canvas: Image.Image, rng: random.Random, backdrop: Backdrop) -> None:
    _gradient(canvas, jitter((195, 200, 210), rng), jitter((225, 220, 215), rng))
    draw, street, x = ImageDraw.Draw(canvas), int(_W * rng.uniform(0.76, 0.84)), -rng.randint(0, 20)
    while x < _W:
        width = rng.randint(24, 40)
        _building(draw, x, street, width, rng)
        x += width + rng.randint(0, 6)
    draw.rectangle((0, street, _W, _W), fill=jitter((70, 70, 75), rng, 8))
    middle = (street + _W) // 2
    for dash in range(rng.randint(0, 20), _W, 34):
        draw.rectangle((dash, middle - 2, dash + 16, middle + 2), fill=(235, 235, 235))


def _building(
    draw: ImageDraw.ImageDraw, left: int, street: int, width: int, rng: random.Random
) -> None:
    height, grey = int(_W * rng.uniform(0.3, 0.68)), rng.randint(95, 150)
    draw.rectangle((left, street - height, left + width, street), fill=(grey, grey, grey + 12))
    for y in range(street - height + 6, street - 8, 14):
        for x in range(left + 5, left + width - 6, 11):
            lit = rng.random() < 0.45
            window = (250, 232, 150) if lit else (grey - 35, grey - 35, grey - 20)
            draw.rectangle((x, y, x + 4, y + 6), fill=window)


def _sea(canvas: Image.Image, rng: random.Random, backdrop: Backdrop) -> None:
    _gradient(canvas, jitter((50, 165, 200), rng), jitter((10, 65, 130), rng))
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.randint(8, 14)):
        x, y, radius = rng.randint(0, _W), rng.randint(0, _W), rng.randint(3, 7)
        bubble = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(bubble, outline=(190, 232, 245), width=2)
    floor = int(_W * rng.uniform(0.86, 0.92))
    draw.rectangle((0, floor, _W, _W), fill=jitter((150, 150, 110), rng))
    for _ in range(4):
        x = rng.randint(0, _W)
        weed = [(x, floor + 6), (x + 5, floor - 10), (x - 4, floor - 22), (x + 4, floor - 34)]
        draw.line(weed, fill=jitter((20, 120, 70), rng), width=4)


def _gradient(canvas: Image.Image, top: RGB, bottom: RGB) -> None:
    ramp = Image.new("RGB", (1, 2))
    ramp.putpixel((0, 0), top)
    ramp.putpixel((0, 1), bottom)
    canvas.paste(ramp.resize((_W, _W), Image.Resampling.BILINEAR), (0, 0))


_PAINTERS: Mapping[str, Painter] = MappingProxyType(
    {
        "white": _white,
        "forest": _forest,
        "beach": _beach,
        "night": _night,
        "mountains": _mountains,
        "city": _city,
        "sea": _sea,
    }
)
