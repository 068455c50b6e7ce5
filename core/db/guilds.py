"""Guild rows: made on first use, and locked where a rule spans several rows of a guild."""

from sqlalchemy import insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.tables import GuildRow


async def ensure_guild(session: AsyncSession, guild_id: int) -> None:
    """Make the row of a guild that was never seen before, and hold it until the commit.

    Holding it lets a rule over several rows (a limit, a free name) be checked and then relied
    on; on SQLite, which has one writer, nothing more is needed for that.
    """
    known = session.info.setdefault("held_guilds", set())
    if guild_id in known:
        return
    held = select(GuildRow.id).where(GuildRow.id == guild_id).with_for_update()
    if await session.scalar(held) is None:
        missing = select(literal(guild_id), literal(0)).where(
            ~select(GuildRow.id).where(GuildRow.id == guild_id).exists()
        )
        await session.execute(insert(GuildRow).from_select(["id", "turn"], missing))
    known.add(guild_id)
