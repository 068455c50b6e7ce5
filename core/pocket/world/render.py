"""From a scene to its picture: where things stand, how they are filled, outlined and adorned."""

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

from core.pocket.world.backdrops import SIZE_PX, SUPERSAMPLING, paint_backdrop
from core.pocket.world.palette import PALETTE, RGB, darker, jitter
from core.pocket.world.pen import Pen
from core.pocket.world.scene import Scene, Thing
from core.pocket.world.shapes import ROOFS, SHAPES, collar

_RADII = {"medium": (15.0, 18.5), "small": (9.5, 11.5), "big": (21.5, 24.5)}


@dataclass(frozen=True, slots=True)
class Placed:
    """A thing with its centre and radius in final pixels."""

    thing: Thing
    x: float
    y: float
    radius: float


def render(scene: Scene, rng: random.Random) -> Image.Image:
    """Returns a 64 × 64 RGB picture of the scene; the same state of `rng` gives the same one."""
    return draw_scene(scene, place_things(scene, rng), rng)


def draw_scene(scene: Scene, placed: tuple[Placed, ...], rng: random.Random) -> Image.Image:
    """Returns the 64 × 64 RGB picture with the things where `placed` says."""
    canvas = paint_backdrop(scene.backdrop, rng)
    for item in placed:
        _draw_thing(canvas, item, rng)
    return canvas.resize((SIZE_PX, SIZE_PX), Image.Resampling.BOX)


def place_things(scene: Scene, rng: random.Random) -> tuple[Placed, ...]:
    """Chooses centres and radii: one thing near the middle, two apart by their relation."""
    if len(scene.things) < 2:
        return tuple(_place_alone(thing, rng) for thing in scene.things)
    first, second = scene.in_reading_order().things
    near, far = rng.uniform(15.5, 17.5), rng.uniform(46.5, 48.5)
    across = rng.uniform(29, 39)
    one, two = (near, across + rng.uniform(-4, 4)), (far, across + rng.uniform(-4, 4))
    if scene.relation in ("above", "below"):
        one, two = one[::-1], two[::-1]
    return tuple(
        Placed(thing, *spot, _pair_radius(thing, rng))
        for thing, spot in ((first, one), (second, two))
    )


def _place_alone(thing: Thing, rng: random.Random) -> Placed:
    radius = rng.uniform(*_RADII[thing.size])
    if thing.accent == "ring":
        radius = min(radius, 20.5)
    room = max(0.0, 29 - radius * (1.4 if thing.accent == "ring" else 1.05))
    x, y = 32 + 0.8 * rng.uniform(-room, room), 33 + 0.7 * rng.uniform(-room, room)
    return Placed(thing, x, y, radius)


def _pair_radius(thing: Thing, rng: random.Random) -> float:
    return rng.uniform(9.5, 10.5) if thing.accent == "ring" else rng.uniform(11.5, 13.5)


def _draw_thing(canvas: Image.Image, item: Placed, rng: random.Random) -> None:
    radius, turn = item.radius * SUPERSAMPLING, rng.uniform(-12, 12)
    side = int(2.6 * radius) + 8
    corner = int(item.x * SUPERSAMPLING - side / 2), int(item.y * SUPERSAMPLING - side / 2)
    colour = jitter(PALETTE[item.thing.colour], rng, 10)
    mask = _silhouette(item.thing, side, radius, turn)
    canvas.paste(darker(colour), corner, mask.filter(ImageFilter.MaxFilter(5)))
    canvas.paste(_filling(item.thing, side, radius, colour, rng), corner, mask)
    if item.thing.accent == "ring":
        _draw_ring(canvas, item, rng)


def _silhouette(thing: Thing, side: int, radius: float, turn: float) -> Image.Image:
    mask = Image.new("L", (side, side))
    pen = Pen(ImageDraw.Draw(mask), side / 2, radius, turn)
    SHAPES[thing.noun][0](pen, 255)
    if thing.accent == "collar":
        collar(pen, 255)
    return mask


def _filling(
    thing: Thing, side: int, radius: float, colour: RGB, rng: random.Random
) -> Image.Image:
    filling = Image.new("RGB", (side, side), colour)
    draw = ImageDraw.Draw(filling)
    if thing.pattern_colour is not None:
        pattern = _stripes if thing.pattern == "striped" else _dots
        pattern(draw, side, radius, jitter(PALETTE[thing.pattern_colour], rng, 8), rng)
    pen = Pen(draw, side / 2, radius)
    if thing.accent_colour is not None:
        _draw_worn(pen, thing, jitter(PALETTE[thing.accent_colour], rng, 8))
    SHAPES[thing.noun][1](pen, colour)
    return filling


def _draw_worn(pen: Pen, thing: Thing, ink: RGB) -> None:
    if thing.accent == "roof":
        ROOFS[thing.noun](pen, ink)
    elif thing.accent == "collar":
        collar(pen, ink)


def _stripes(
    draw: ImageDraw.ImageDraw, side: int, radius: float, ink: RGB, rng: random.Random
) -> None:
    period = max(9, int(radius * 0.66))  # in a pair a stripe is as wide as one latent
    for x in range(rng.randint(0, period) - 2 * period, side + period, period):
        draw.rectangle((x, 0, x + period // 2, side), fill=ink)


def _dots(
    draw: ImageDraw.ImageDraw, side: int, radius: float, ink: RGB, rng: random.Random
) -> None:
    period = max(10, int(radius * 0.54))
    dot, left, top = max(3, int(period * 0.3)), rng.randint(0, period), rng.randint(0, period)
    for row, y in enumerate(range(top - period, side + period, period)):
        for x in range(left - period + (row % 2) * period // 2, side + period, period):
            draw.ellipse((x - dot, y - dot, x + dot, y + dot), fill=ink)


def _draw_ring(canvas: Image.Image, item: Placed, rng: random.Random) -> None:
    if item.thing.accent_colour is None:
        return
    reach, width = item.radius * 1.42 * SUPERSAMPLING, max(6, int(item.radius * 0.95))
    x, y = item.x * SUPERSAMPLING, item.y * SUPERSAMPLING
    ink = jitter(PALETTE[item.thing.accent_colour], rng, 8)
    box = (x - reach, y - reach, x + reach, y + reach)
    ImageDraw.Draw(canvas).ellipse(box, outline=ink, width=width)
