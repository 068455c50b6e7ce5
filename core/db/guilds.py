"""Guild rows: made on first use, and held where a rule spans several rows of a guild."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.tables import GuildRow

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


async def ensure_guild(session: AsyncSession, guild_id: int) -> None:
    """Make the row of a guild that was never seen before, and hold it until the commit.

    Holding it lets a rule over several rows (a limit, a free name) be checked and then relied
    on; on SQLite, which has one writer, nothing more is needed for that.
    """
    held_already = session.info.setdefault("held_guilds", set())
    if guild_id in held_already:
        return
    hold = select(GuildRow.id).where(GuildRow.id == guild_id).with_for_update()
    if await session.scalar(hold) is None:
        insert = INSERTS[session.get_bind().dialect.name](GuildRow).values(id=guild_id, turn=0)
        await session.execute(insert.on_conflict_do_nothing())
        await session.scalar(hold)  # another transaction may have been first
    held_already.add(guild_id)
