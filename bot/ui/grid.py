"""Pictures that the bot draws: grids of results and sheets about a concept. Call it in a thread."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from bot.ui.card import Blob

TILE_MIN_PX = 320
"""Small pictures are enlarged to at least this."""
SHEET_MAX_PX = 2048
FILE_MAX_BYTES = 8 * 1024 * 1024
"""Discord takes 10 MiB."""
GAP_PX = 8
LABEL_PX = 34
INK = (236, 237, 242)
FAINT = (150, 154, 168)
PAPER = (30, 31, 38)
CHIP = (108, 92, 231)
Picture = Image.Image


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture (PNG bytes) and the words under it: a number and its seed."""

    png: bytes
    label: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Strip:
    """A row of a sheet: a heading and pictures."""

    heading: str
    pngs: tuple[bytes, ...]


def result(tiles: Sequence[Tile], name: str, *, columns: int = 2) -> Blob:
    """All tiles of a job in one picture, each with its number and its words below."""
    pictures = [opened(tile.png) for tile in tiles]
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    width, height = _tile_size(pictures, columns, rows)
    sheet = _paper(
        columns * (width + GAP_PX) + GAP_PX, rows * (height + LABEL_PX + GAP_PX) + GAP_PX
    )
    for index, (tile, picture) in enumerate(zip(tiles, pictures, strict=True)):
        x = GAP_PX + index % columns * (width + GAP_PX)
        y = GAP_PX + index // columns * (height + LABEL_PX + GAP_PX)
        _paste(sheet, scaled(picture, width, height), x=x, y=y, box=(width, height))
        _label(sheet, tile, x=x, y=y + height)
    return encoded(sheet, name)


def strips(rows: Sequence[Strip], name: str, tile_px: int = 160) -> Blob:
    """Rows of pictures under headings, such as training pictures, samples without and with."""
    rows = [row for row in rows if row.pngs]
    columns = max(len(row.pngs) for row in rows)
    step = tile_px + LABEL_PX + 2 * GAP_PX
    sheet = _paper(columns * (tile_px + GAP_PX) + GAP_PX, len(rows) * step + GAP_PX)
    draw = ImageDraw.Draw(sheet)
    for index, row in enumerate(rows):
        y = GAP_PX + index * step
        draw.text((GAP_PX, y), row.heading, font=font(20), fill=INK)
        for place, png in enumerate(row.pngs):
            picture = scaled(opened(png), tile_px, tile_px)
            x = GAP_PX + place * (tile_px + GAP_PX)
            _paste(sheet, picture, x=x, y=y + LABEL_PX, box=(tile_px, tile_px))
    return encoded(sheet, name)


def enlarged(png: bytes, name: str) -> Blob:
    """One picture alone, at a size at which it can be looked at."""
    picture = opened(png)
    width, height = _tile_size([picture], 1, 1)
    return encoded(scaled(picture, width, height), name)


def scaled(picture: Picture, width: int, height: int) -> Picture:
    """The picture at the largest size that fits (Lanczos: hard pixels look worse, by eye)."""
    factor = min(width / picture.width, height / picture.height)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    if factor == 1:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS)


def encoded(picture: Picture, name: str) -> Blob:
    """A PNG file, or a JPEG where that would be too big for a message."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    if buffer.tell() <= FILE_MAX_BYTES:
        return Blob(f"{name}.png", buffer.getvalue())
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=92)
    return Blob(f"{name}.jpg", buffer.getvalue())


def _tile_size(pictures: Sequence[Picture], columns: int, rows: int) -> tuple[int, int]:
    """Width and height of a tile: whole multiples of small pictures, bounded for large ones."""
    width = max(picture.width for picture in pictures)
    height = max(picture.height for picture in pictures)
    factor: float = max(1, -(-TILE_MIN_PX // max(width, height)))
    room = (SHEET_MAX_PX // columns) / width, (SHEET_MAX_PX // rows) / height
    factor = min(factor, *room)
    return round(width * factor), round(height * factor)


def opened(png: bytes) -> Picture:
    """A stored picture."""
    with Image.open(io.BytesIO(png)) as picture:
        return picture.convert("RGB")


def _paper(width: int, height: int) -> Picture:
    return Image.new("RGB", (width, height), PAPER)


def _paste(sheet: Picture, picture: Picture, *, x: int, y: int, box: tuple[int, int]) -> None:
    left, top = (box[0] - picture.width) // 2, (box[1] - picture.height) // 2
    sheet.paste(picture, (x + left, y + top))


def _label(sheet: Picture, tile: Tile, *, x: int, y: int) -> None:
    draw = ImageDraw.Draw(sheet)
    middle = y + LABEL_PX // 2 + 1
    if tile.number is not None:
        draw.rounded_rectangle((x, middle - 13, x + 28, middle + 13), radius=7, fill=CHIP)
        draw.text((x + 14, middle), str(tile.number), font=font(20), fill=INK, anchor="mm")
        x += 38
    draw.text((x, middle), tile.label, font=font(20), fill=FAINT, anchor="lm")


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, which is always there."""
    return ImageFont.load_default(size)
