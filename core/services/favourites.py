"""A guild's favourites: pictures that somebody starred."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, rows
from core.db.tables import FavouriteRow, ImageRow
from core.domain.images import Favourite
from core.domain.people import Actor
from core.errors import NotAllowed, NotFound
from core.services.gallery import image_row

PAGE = 4


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a guild's favourites, and where they stand among all of them."""

    shown: Sequence[Favourite]
    offset: int
    total: int


class Favourites:
    """Keeps favourites; whoever starred one and moderators may drop it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, actor: Actor, image_id: int) -> Favourite:
        """Make a picture a favourite; one that is stays as it is, with who starred it first.

        Raises:
            NotFound: there is no such picture here, or it was deleted.
        """
        async with self._database.transaction() as session:
            image = await image_row(session, actor, image_id)
            row = await session.get(FavouriteRow, image_id)
            if row is None:
                row = FavouriteRow(image_id=image_id, guild_id=actor.guild_id)
                session.add(row)
                row.dropped_at = datetime.now(UTC)
            if row.dropped_at is not None:
                row.user_id, row.kept_at, row.dropped_at = actor.user_id, datetime.now(UTC), None
            return _favourite(row, image)

    async def drop(self, actor: Actor, image_id: int) -> Favourite:
        """Take a picture off the list; it stays where it is, and `restore` brings it back.

        Raises:
            NotFound: it is no favourite here.
            NotAllowed: somebody else starred it.
        """
        async with self._database.transaction() as session:
            row, image = await _own(session, actor, image_id)
            if row.dropped_at is not None:
                raise NotFound("This picture is no favourite any more.")
            row.dropped_at = datetime.now(UTC)
            return _favourite(row, image)

    async def restore(self, actor: Actor, image_id: int) -> Favourite:
        """Put a dropped favourite back as it was; raises as `drop` does."""
        async with self._database.transaction() as session:
            row, image = await _own(session, actor, image_id)
            row.dropped_at = None
            return _favourite(row, image)

    async def page(self, guild_id: int, offset: int = 0) -> Page:
        """Some of a guild's favourites, newest first; the last ones where `offset` is too far."""
        there = select(FavouriteRow, ImageRow).join(ImageRow).where(*_live(guild_id))
        async with self._database.session() as session:
            total = await session.scalar(select(func.count()).select_from(there.subquery())) or 0
            offset = max(0, min(offset, (total - 1) // PAGE * PAGE))
            newest = there.order_by(FavouriteRow.kept_at.desc(), FavouriteRow.image_id.desc())
            found = await session.execute(newest.offset(offset).limit(PAGE))
            return Page([_favourite(row, image) for row, image in found], offset, total)


def _live(guild_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        FavouriteRow.guild_id == guild_id,
        FavouriteRow.dropped_at.is_(None),
        ImageRow.deleted_at.is_(None),
    )


async def _own(session: AsyncSession, actor: Actor, image_id: int) -> tuple[FavouriteRow, ImageRow]:
    image = await image_row(session, actor, image_id)
    row = await session.get(FavouriteRow, image_id)
    if row is None:
        raise NotFound("This picture is no favourite.")
    if actor.user_id != row.user_id and not actor.moderates:
        raise NotAllowed("Only who starred this picture or a moderator can drop it.")
    return row, image


def _favourite(row: FavouriteRow, image: ImageRow) -> Favourite:
    return Favourite(rows.image(image), user_id=row.user_id, kept_at=row.kept_at)
