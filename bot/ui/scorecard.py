"""The score card as a picture: bars with their intervals above the images that were scored."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot.ui.card import Blob
from bot.ui.cards.scores import VERDICTS, Bar
from bot.ui.grid import CHIP, FAINT, INK, PAPER, encoded, font, opened, scaled
from core.domain.evaluation import Estimate

WIDTH_PX, EDGE_PX = 1080, 32
BAR_LEFT_PX, BAR_RIGHT_PX, BAR_PX = 440, 860, 18
HEAD_PX, LINE_PX = 112, 74
TILE_MAX_PX, GAP_PX, LABEL_PX = 160, 8, 28
COLUMNS_MAX = 8
STRIP_PX, STRIP_TOP_PX = 96, 40
TRACK = (54, 56, 66)
COLOURS = {2: (87, 201, 124), 1: (240, 190, 82), 0: (235, 104, 92), -1: FAINT}
WHISKER = (236, 237, 242)


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of images: what was asked, and their PNG bytes."""

    label: str
    pngs: tuple[bytes, ...]


def score_card(
    title: str,
    about: str,
    bars: Sequence[Bar],
    rows: Sequence[Shown],
    name: str,
    *,
    plot: Image.Image | None = None,
) -> Blob:
    """Draws the card; `bars` in order, then the plot of a training, then the rows of images."""
    tile_px = _tile_px(rows)
    below_bars = HEAD_PX + len(bars) * LINE_PX + 8
    top = below_bars + (plot.height if plot else 0)
    step = LABEL_PX + tile_px + 14
    card = Image.new("RGB", (WIDTH_PX, top + len(rows) * step + EDGE_PX // 2), PAPER)
    draw = ImageDraw.Draw(card)
    if plot is not None:
        card.paste(plot, (0, below_bars))
    draw.rectangle((0, 0, 8, card.height), fill=CHIP)
    draw.text((EDGE_PX, 26), title, font=font(34), fill=INK)
    draw.text((EDGE_PX, 72), about, font=font(18), fill=FAINT)
    for index, bar in enumerate(bars):
        _bar(draw, bar, HEAD_PX + index * LINE_PX)
    for index, row in enumerate(rows):
        _images(card, row, top + index * step, tile_px)
    return encoded(card, name)


def _tile_px(rows: Sequence[Shown]) -> int:
    columns = min(COLUMNS_MAX, max(len(row.pngs) for row in rows))
    return min(TILE_MAX_PX, (WIDTH_PX - 2 * EDGE_PX - (columns - 1) * GAP_PX) // columns)


def _bar(draw: ImageDraw.ImageDraw, bar: Bar, top: int) -> None:
    colour = COLOURS[bar.grade]
    draw.text((EDGE_PX, top + 2), bar.label, font=font(23), fill=INK)
    draw.text((EDGE_PX, top + 34), bar.note, font=font(16), fill=FAINT)
    middle = top + 15
    box = (BAR_LEFT_PX, middle - BAR_PX // 2, BAR_RIGHT_PX, middle + BAR_PX // 2)
    draw.rounded_rectangle(box, radius=BAR_PX // 2, fill=TRACK)
    if bar.share is not None:
        _fill(draw, bar.share, middle, colour)
        said = f"{bar.share.value:.0%}"
        draw.text((BAR_RIGHT_PX + 18, middle), said, font=font(24), fill=INK, anchor="lm")
    right = WIDTH_PX - EDGE_PX
    word = VERDICTS[bar.grade] if bar.share is not None else "not told"
    draw.text((right, middle), word, font=font(22), fill=colour, anchor="rm")


def _fill(draw: ImageDraw.ImageDraw, share: Estimate, middle: int, colour: tuple[int, ...]) -> None:
    half = BAR_PX // 2
    end = max(_x(share.value), BAR_LEFT_PX + BAR_PX)
    draw.rounded_rectangle((BAR_LEFT_PX, middle - half, end, middle + half), half, fill=colour)
    if share.low is None or share.high is None or share.high - share.low < 0.01:
        return
    low, high = _x(share.low), _x(share.high)
    draw.line((low, middle, high, middle), fill=PAPER, width=4)
    draw.line((low, middle, high, middle), fill=WHISKER, width=2)
    for x in (low, high):
        draw.line((x, middle - 7, x, middle + 7), fill=WHISKER, width=2)


def _x(share: float) -> int:
    return round(BAR_LEFT_PX + share * (BAR_RIGHT_PX - BAR_LEFT_PX))


def _images(card: Image.Image, row: Shown, top: int, tile_px: int) -> None:
    ImageDraw.Draw(card).text((EDGE_PX, top), row.label, font=font(17), fill=FAINT)
    for place, png in enumerate(row.pngs[:COLUMNS_MAX]):
        picture = scaled(opened(png), tile_px, tile_px)
        card.paste(picture, (EDGE_PX + place * (tile_px + GAP_PX), top + LABEL_PX))


def blind_sheet(taught: Sequence[bytes], images: Sequence[bytes], name: str) -> Blob:
    """Training pictures in a strip on top, where there are some, and below them numbered images of
    unknown origin.
    """
    columns, tile_px = 4, 240
    lines = -(-len(images) // columns)
    width = columns * (tile_px + GAP_PX) + GAP_PX
    top = STRIP_TOP_PX + STRIP_PX + 24 if taught else GAP_PX
    card = Image.new("RGB", (width, top + lines * (tile_px + GAP_PX) + GAP_PX), PAPER)
    draw = ImageDraw.Draw(card)
    if taught:
        _strip(card, taught)
    for index, png in enumerate(images):
        x = GAP_PX + index % columns * (tile_px + GAP_PX)
        y = top + index // columns * (tile_px + GAP_PX)
        card.paste(scaled(opened(png), tile_px, tile_px), (x, y))
        draw.rounded_rectangle((x + 6, y + 6, x + 40, y + 36), radius=8, fill=CHIP)
        draw.text((x + 23, y + 21), str(index + 1), font=font(22), fill=INK, anchor="mm")
    return encoded(card, name)


def _strip(card: Image.Image, taught: Sequence[bytes]) -> None:
    draw = ImageDraw.Draw(card)
    draw.text((GAP_PX, 8), "the pictures that were shown to me", font=font(20), fill=FAINT)
    for place, png in enumerate(taught[:COLUMNS_MAX]):
        x = GAP_PX + place * (STRIP_PX + GAP_PX)
        card.paste(scaled(opened(png), STRIP_PX, STRIP_PX), (x, STRIP_TOP_PX))
