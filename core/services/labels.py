"""Other names of concepts, and tags under which they are found."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db.concepts import LIVE
from core.db.guilds import ensure_guild
from core.db.tables import AliasRow, ConceptRow, TagRow
from core.domain.concepts import NAME, Concept, concept_name, token_of
from core.domain.people import Actor
from core.errors import Conflict, InvalidInput
from core.services.library import check_may_change, check_no_stack, found, holder, tidied

EACH_MAX = 10
Table = type[AliasRow] | type[TagRow]


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a concept is called besides its name, in the order of the alphabet."""

    aliases: tuple[str, ...]
    tags: tuple[str, ...]


class Labels:
    """Gives and takes away aliases and tags; a concept's owner and moderators may."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, concept: Concept) -> Labelled:
        """A concept's aliases and tags."""
        async with self._database.session() as session:
            return await _labelled(session, concept)

    async def tags(self, guild_id: int, text: str, limit: int = 25) -> Sequence[str]:
        """Tags of the guild's concepts that contain `text`, the most used first."""
        wanted = (
            select(TagRow.name)
            .join(ConceptRow, ConceptRow.id == TagRow.concept_id)
            .where(TagRow.guild_id == guild_id, LIVE)
            .where(TagRow.name.contains(tidied(text), autoescape=True))
            .group_by(TagRow.name)
            .order_by(func.count().desc(), TagRow.name)
        )
        async with self._database.session() as session:
            return (await session.scalars(wanted.limit(limit))).all()

    async def alias(self, actor: Actor, name: str, alias: str) -> Labelled:
        """Give a concept another name, which prompts and commands take like its own.

        Raises:
            InvalidInput: it cannot be a name.
            NotFound, NotAllowed: as for every change of a concept.
            Conflict: it is the name or an alias of a concept already, or there are too many.
        """
        fresh = concept_name(alias)
        async with self._database.transaction() as session:
            concept = await _own(session, actor, name)
            await check_no_stack(session, actor.guild_id, fresh)
            taken = await holder(session, actor.guild_id, fresh, asking=concept.id)
            if taken is not None:
                raise Conflict(f"{token_of(fresh)} means {taken.token} already.")
            await _check_room(session, AliasRow, concept)
            # A deleted concept's alias is free again.
            await session.execute(
                delete(AliasRow).where(AliasRow.guild_id == actor.guild_id, AliasRow.name == fresh)
            )
            row = AliasRow(guild_id=actor.guild_id, name=fresh, concept_id=concept.id)
            session.add(row)
            return await _labelled(session, concept)

    async def tag(self, actor: Actor, name: str, tag: str) -> Labelled:
        """Put a tag on a concept; one that is there already stays.

        Raises:
            InvalidInput: it is not 2 to 24 letters, digits, `-` or `_`.
            NotFound, NotAllowed: as for every change of a concept.
            Conflict: there are too many.
        """
        word = tidied(tag)
        if not NAME.fullmatch(word):
            raise InvalidInput("A tag is one word of 2 to 24 letters, digits, - or _.")
        async with self._database.transaction() as session:
            concept = await _own(session, actor, name)
            key = (actor.guild_id, word, concept.id)
            if await session.get(TagRow, key) is None:
                await _check_room(session, TagRow, concept)
                session.add(TagRow(guild_id=actor.guild_id, name=word, concept_id=concept.id))
            return await _labelled(session, concept)

    async def take_off(self, actor: Actor, name: str, label: str) -> Labelled:
        """Take an alias or a tag off a concept.

        Raises:
            NotFound, NotAllowed: as for every change of a concept.
            InvalidInput: it has no such alias or tag.
        """
        word = tidied(label)
        async with self._database.transaction() as session:
            concept = await _own(session, actor, name)
            before = await _labelled(session, concept)
            if word not in (*before.aliases, *before.tags):
                raise InvalidInput(f"{concept.token} has no alias and no tag of that name.")
            for table in (AliasRow, TagRow):
                own = table.concept_id == concept.id, table.name == word
                await session.execute(delete(table).where(*own))
            return await _labelled(session, concept)


async def _own(session: AsyncSession, actor: Actor, name: str) -> Concept:
    await ensure_guild(session, actor.guild_id)
    concept = await found(session, actor.guild_id, concept_name(name))
    check_may_change(actor, concept.owner_id, concept.name)
    return concept


async def _labelled(session: AsyncSession, concept: Concept) -> Labelled:
    aliases, tags = [
        tuple(await session.scalars(_of(table, concept).order_by(table.name)))
        for table in (AliasRow, TagRow)
    ]
    return Labelled(aliases, tags)


async def _check_room(session: AsyncSession, table: Table, concept: Concept) -> None:
    if len((await session.scalars(_of(table, concept))).all()) >= EACH_MAX:
        raise Conflict(f"{concept.token} has {EACH_MAX} of those already. Take one off first.")


def _of(table: Table, concept: Concept) -> Select[str]:
    return select(table.name).where(
        table.concept_id == concept.id, table.guild_id == concept.guild_id
    )
