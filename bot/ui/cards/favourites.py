"""Favourites: what was starred, and the list of all of them."""

from bot.ui.card import Blob, Button, Card, Row
from bot.ui.cards.pictures import stack_line
from bot.ui.text import dotted, escaped
from core.domain.images import Favourite
from core.services.favourites import PAGE, Page

HOW = "`/evaluate favourites` shows them all."


def kept(count: int = 1, image_id: int | None = None) -> Card:
    """One picture is a favourite now, or several are."""
    if image_id is None:
        return Card(content=f"⭐ {count} favourites. {HOW}")
    row = (Button("Take it back", "unstar", image_id, emoji="↩️"),)
    return Card(content=f"⭐ A favourite. {HOW}", rows=(row,))


def dropped(favourite: Favourite) -> Card:
    """A picture is no favourite any more, and can be one again."""
    text = f"Seed `{favourite.image.seed}` is no favourite any more. The picture stays."
    return Card(content=text, rows=((Button("Undo", "restar", favourite.image.id, emoji="↩️"),),))


def nothing() -> Card:
    """The list while it is empty."""
    return Card(content="There are no favourites here yet. ⭐ under a picture makes it one.")


def listing(page: Page, picture: Blob) -> Card:
    """One page of the list: each with its prompt and seed, to be drawn again or dropped."""
    first = page.offset + 1
    lines = [_line(number, one) for number, one in enumerate(page.shown, start=1)]
    about = f"-# {first}–{page.offset + len(page.shown)} of {page.total} · 🔁 draws one again, "
    about += "with the versions that it was made with · 🗑️ takes it off this list"
    numbered = list(enumerate((one.image.id for one in page.shown), start=1))
    redraw: Row = tuple(Button(str(n), "redraw", i, emoji="🔁") for n, i in numbered)
    drop: Row = tuple(Button(str(n), "unstar", i, emoji="🗑️", at=page.offset) for n, i in numbered)
    rows = (redraw, drop, *_pages(page))
    return Card(content="\n".join((*lines, about)), rows=rows, files=(picture,))


def _line(number: int, one: Favourite) -> str:
    request = one.image.manifest.request
    said = dotted(f"seed `{one.image.seed}`", stack_line(request.stack), f"by <@{one.user_id}>")
    return f"**{number}** {escaped(request.prompt, 200)}\n-# {said}"


def _pages(page: Page) -> tuple[Row, ...]:
    row: Row = ()
    if page.offset > 0:
        row += (Button("Back", "favourites", page.offset - PAGE, emoji="◀️"),)
    if page.offset + PAGE < page.total:
        row += (Button("More", "favourites", page.offset + PAGE, emoji="▶️"),)
    return (row,) if row else ()
