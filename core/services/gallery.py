"""Finished pictures: look at, rate, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, rows
from core.db.tables import ImageRow, RatingRow
from core.domain.images import Image, Ratings
from core.domain.people import Actor
from core.errors import InvalidInput, NotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class Details:
    """A picture, how it was made, and what people think of it."""

    image: Image
    ratings: Ratings


class Gallery:
    """The pictures of every guild, each seen only from its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def image(self, actor: Actor, image_id: int) -> Image:
        """One picture of the actor's guild.

        Raises:
            NotFound: there is none, or it was deleted.
        """
        async with self._database.session() as session:
            return rows.image(await image_row(session, actor, image_id))

    async def of_job(self, job_id: int) -> Sequence[Image]:
        """The pictures that a job made and nobody deleted, in order."""
        made = select(ImageRow).where(ImageRow.job_id == job_id, ImageRow.deleted_at.is_(None))
        async with self._database.session() as session:
            return [rows.image(row) for row in await session.scalars(made.order_by(ImageRow.index))]

    async def details(self, actor: Actor, image_id: int) -> Details:
        """A picture with its ratings; raises as `image` does."""
        async with self._database.session() as session:
            row = await image_row(session, actor, image_id)
            return Details(rows.image(row), await _ratings(session, image_id))

    async def rate(self, actor: Actor, image_id: int, value: int) -> Ratings:
        """Keep what this person thinks: 1, -1, or 0 to take it back.

        Raises:
            InvalidInput: another value.
            NotFound: as for `image`.
        """
        if value not in {-1, 0, 1}:
            raise InvalidInput("A rating is thumbs up or thumbs down.")
        async with self._database.transaction() as session:
            await image_row(session, actor, image_id)
            await session.execute(
                delete(RatingRow).where(
                    RatingRow.image_id == image_id, RatingRow.user_id == actor.user_id
                )
            )
            if value:
                session.add(_rating(actor, image_id, value))
            await session.flush()
            return await _ratings(session, image_id)

    async def delete(self, actor: Actor, image_id: int) -> None:
        """Take a picture out of sight; its row stays, with the time.

        Raises:
            NotFound: as for `image`.
            NotAllowed: somebody else asked for it.
        """
        async with self._database.transaction() as session:
            row = await image_row(session, actor, image_id)
            if actor.user_id != row.user_id and not actor.moderates:
                raise NotAllowed("Only who asked for this picture or a moderator can delete it.")
            row.deleted_at = datetime.now(UTC)


def _rating(actor: Actor, image_id: int, value: int) -> RatingRow:
    return RatingRow(
        image_id=image_id, user_id=actor.user_id, value=value, rated_at=datetime.now(UTC)
    )


async def image_row(session: AsyncSession, actor: Actor, image_id: int) -> ImageRow:
    """The row of a picture of the actor's guild.

    Raises:
        NotFound: there is none, or it was deleted.
    """
    row = await session.get(ImageRow, image_id)
    if row is None or row.guild_id != actor.guild_id or row.deleted_at is not None:
        raise NotFound("This picture is not here any more.")
    return row


async def _ratings(session: AsyncSession, image_id: int) -> Ratings:
    counts = select(RatingRow.value, func.count().label("votes")).where(
        RatingRow.image_id == image_id
    )
    found = await session.execute(counts.group_by(RatingRow.value))
    votes = {row.value: row.votes for row in found}
    return Ratings(up=votes.get(1, 0), down=votes.get(-1, 0))
