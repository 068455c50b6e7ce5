"""A guild's concepts: list, find, rename, delete and bring back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rapidfuzz import process
from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, rows
from core.db import concepts as shelf
from core.db.concepts import LIVE, TRAINED
from core.db.guilds import ensure_guild
from core.db.tables import AliasRow, ConceptRow, StackRow, VersionRow
from core.domain.concepts import Concept, ConceptVersion, StackEntry, concept_name, token_of
from core.domain.people import Actor
from core.domain.requests import Hotword
from core.errors import Conflict, NotAllowed, NotFound

NEAR = 60
"""Similarity of names in percent from which one is worth suggesting."""


class Library:
    """What one guild has taught; no query here reaches another guild's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, guild_id: int, *, tag: str = "", search: str = "") -> list[Concept]:
        """All concepts, those still in training too, by name.

        Only those with a tag, or in whose names, class or tags the search is found, where given.
        """
        conditions = [shelf.tagged(tidied(tag))] if tag else []
        if search:
            text = tidied(search)
            noun = ConceptRow.class_noun.contains(text, autoescape=True)
            conditions.append(or_(shelf.called(text), noun, shelf.tagged(text, whole=False)))
        wanted = shelf.concepts_of(guild_id, LIVE, *conditions).order_by(ConceptRow.name)
        async with self._database.session() as session:
            return await shelf.read(session, wanted)

    async def find(self, guild_id: int, name: str) -> Concept:
        """The concept of that name, with or without angle brackets.

        Raises:
            NotFound: there is none; names ones that look like it.
        """
        async with self._database.session() as session:
            return await found(session, guild_id, concept_name(name))

    async def get(self, guild_id: int, concept_id: int) -> Concept:
        """The concept of that number.

        Raises:
            NotFound: there is none here, or it was deleted.
        """
        wanted = shelf.concepts_of(guild_id, LIVE, ConceptRow.id == concept_id)
        async with self._database.session() as session:
            concepts = await shelf.read(session, wanted)
        if not concepts:
            raise NotFound("There is no such concept here any more. /concepts shows what there is.")
        return concepts[0]

    async def complete(self, guild_id: int, text: str, limit: int = 25) -> Sequence[Concept]:
        """Trained concepts with `text` in a name or alias, names that begin with it first."""
        part = tidied(text)
        wanted = (
            shelf.concepts_of(guild_id, LIVE, TRAINED, shelf.called(part))
            .order_by(ConceptRow.name.startswith(part, autoescape=True).desc(), ConceptRow.name)
            .limit(limit)
        )
        async with self._database.session() as session:
            return await shelf.read(session, wanted)

    async def versions(self, concept: Concept) -> Sequence[ConceptVersion]:
        """Every trained version, newest first."""
        wanted = (
            select(VersionRow)
            .join(ConceptRow, ConceptRow.id == VersionRow.concept_id)
            .where(VersionRow.concept_id == concept.id, ConceptRow.guild_id == concept.guild_id)
            .order_by(VersionRow.number.desc())
        )
        async with self._database.session() as session:
            return [rows.version(row) for row in await session.scalars(wanted)]

    async def version(self, concept: Concept, number: int) -> ConceptVersion:
        """One of its versions.

        Raises:
            NotFound: it has none of that number.
        """
        async with self._database.session() as session:
            return await numbered(session, concept, number)

    async def versions_in(
        self, guild_id: int, stack: Sequence[StackEntry]
    ) -> tuple[ConceptVersion, ...]:
        """The versions that entries of this guild were pinned to, in their order."""
        wanted = (
            select(VersionRow)
            .join(ConceptRow, ConceptRow.id == VersionRow.concept_id)
            .where(ConceptRow.guild_id == guild_id)
            .where(VersionRow.id.in_([entry.version_id for entry in stack]))
        )
        async with self._database.session() as session:
            found = {row.id: rows.version(row) for row in await session.scalars(wanted)}
        return tuple(found[entry.version_id] for entry in stack)

    async def version_of_job(self, job_id: int) -> ConceptVersion:
        """What a `train` job made.

        Raises:
            NotFound: it has not made anything.
        """
        made = select(VersionRow).where(VersionRow.job_id == job_id)
        async with self._database.session() as session:
            row = (await session.scalars(made)).one_or_none()
        if row is None:
            raise NotFound(f"Job {job_id} has taught nothing yet.")
        return rows.version(row)

    async def hotwords(self, guild_id: int) -> tuple[Hotword, ...]:
        """The trained concepts as speech should know them, newest first."""
        wanted = shelf.concepts_of(guild_id, LIVE, TRAINED).order_by(VersionRow.id.desc())
        async with self._database.session() as session:
            concepts = await shelf.read(session, wanted)
            aliases = await session.execute(
                select(AliasRow.concept_id, AliasRow.name).where(AliasRow.guild_id == guild_id)
            )
            names = [(concept.id, concept.name) for concept in concepts] + [*map(tuple, aliases)]
        by_id = {concept.id: concept for concept in concepts}
        return tuple(
            Hotword(concept_id=number, name=name, class_noun=by_id[number].class_noun)
            for number, name in names
            if number in by_id
        )

    async def rename(self, actor: Actor, name: str, new: str) -> Concept:
        """Give a concept another name; jobs and pictures that exist keep the old one.

        Raises:
            NotFound, NotAllowed: as for `delete`.
            Conflict: the new name is taken.
        """
        fresh = concept_name(new)
        async with self._database.transaction() as session:
            concept = await self._own(session, actor, name)
            if fresh != concept.name:
                await _check_free(session, actor.guild_id, fresh, asking=concept.id)
            row = await session.get_one(ConceptRow, concept.id)
            row.name = fresh
            return await _reread(session, row)

    async def delete(self, actor: Actor, name: str) -> Concept:
        """Take a concept out of use; what was made with it stays, and it can be brought back.

        Raises:
            NotFound: there is none of that name.
            NotAllowed: it belongs to somebody else.
            Conflict: it is being trained.
        """
        async with self._database.transaction() as session:
            concept = await self._own(session, actor, name)
            if concept.in_training:
                raise Conflict(
                    f"{concept.token} is being trained right now. Cancel that with /jobs first."
                )
            row = await session.get_one(ConceptRow, concept.id)
            row.deleted_at = datetime.now(UTC)
            return await _reread(session, row)

    async def undelete(self, actor: Actor, concept_id: int) -> Concept:
        """Bring a deleted concept back under its name.

        Raises:
            NotFound: no such concept was deleted here.
            NotAllowed: it belongs to somebody else.
            Conflict: the name has been given to another concept since.
        """
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            row = await session.get(ConceptRow, concept_id)
            if row is None or row.guild_id != actor.guild_id:
                raise NotFound("There is no such concept here.")
            check_may_change(actor, row.owner_id, row.name)
            if row.deleted_at is not None:
                await _check_free(session, actor.guild_id, row.name, asking=row.id)
            row.deleted_at = None
            return await _reread(session, row)

    async def _own(self, session: AsyncSession, actor: Actor, name: str) -> Concept:
        await ensure_guild(session, actor.guild_id)
        concept = await found(session, actor.guild_id, concept_name(name))
        check_may_change(actor, concept.owner_id, concept.name)
        return concept


def tidied(text: str) -> str:
    """What a person typed for a name or a part of one."""
    return text.strip().lower().removeprefix("<").removesuffix(">")


async def found(session: AsyncSession, guild_id: int, name: str) -> Concept:
    """A live concept of this guild, or NotFound with names that are near."""
    known = await shelf.named(session, guild_id, (name,))
    await require(session, guild_id, [] if known else [name])
    return known[name]


async def numbered(session: AsyncSession, concept: Concept, number: int) -> ConceptVersion:
    """A version of a concept.

    Raises:
        NotFound: it has none of that number.
    """
    wanted = select(VersionRow).where(
        VersionRow.concept_id == concept.id, VersionRow.number == number
    )
    row = (await session.scalars(wanted)).one_or_none()
    if row is None:
        raise NotFound(
            f"{concept.token} has no version {number}. /concepts show tells which it has."
        )
    return rows.version(row)


async def require(session: AsyncSession, guild_id: int, missing: Sequence[str]) -> None:
    """Refuse when a name is missing, with the guild's own names that look like it.

    Raises:
        NotFound: `missing` is not empty.
    """
    if not missing:
        return
    alias = AliasRow.concept_id == ConceptRow.id
    both = (
        select(ConceptRow.name).where(ConceptRow.guild_id == guild_id, LIVE),
        select(AliasRow.name).join(ConceptRow, alias).where(AliasRow.guild_id == guild_id, LIVE),
    )
    names = [name for wanted in both for name in await session.scalars(wanted)]
    near = [
        token_of(name)
        for name, *_ in process.extract(missing[0], names, score_cutoff=NEAR, limit=3)
    ]
    hint = f"Did you mean {' or '.join(near)}?" if near else "/concepts shows what there is."
    raise NotFound(f"There is no concept {token_of(missing[0])} here. {hint}")


def check_may_change(actor: Actor, owner_id: int, name: str) -> None:
    """Only the owner and moderators change a concept.

    Raises:
        NotAllowed: the person is neither.
    """
    if actor.user_id != owner_id and not actor.moderates:
        raise NotAllowed(
            f"{token_of(name)} belongs to somebody else. Ask its owner or a moderator, "
            "or choose another name."
        )


async def check_no_stack(session: AsyncSession, guild_id: int, name: str) -> None:
    """A name in a prompt means one thing.

    Raises:
        Conflict: it is the name of a saved stack.
    """
    if await session.get(StackRow, (guild_id, name)) is not None:
        raise Conflict(f"{token_of(name)} is the name of a stack. Choose another one.")


async def holder(
    session: AsyncSession, guild_id: int, name: str, *, asking: int = 0
) -> Concept | None:
    """The concept that keeps a name or alias from meaning anything else here; None: it is free.

    A vacant one gives an alias up, and with its name itself: it is deleted. Only `asking`, the id
    of the concept that wants the name, does not make way for itself.
    """
    concept = (await shelf.named(session, guild_id, (name,))).get(name)
    if concept is None or not concept.is_vacant or concept.id == asking:
        return concept
    if concept.name == name:
        row = await session.get_one(ConceptRow, concept.id)
        row.deleted_at = datetime.now(UTC)
        await session.flush()  # Before there is another row of that name.
    else:
        alias = AliasRow.guild_id == guild_id, AliasRow.name == name
        await session.execute(delete(AliasRow).where(*alias))
    return await holder(session, guild_id, name, asking=asking)


async def _check_free(session: AsyncSession, guild_id: int, name: str, *, asking: int) -> None:
    await check_no_stack(session, guild_id, name)
    if await holder(session, guild_id, name, asking=asking):
        raise Conflict(
            f"There is a concept {token_of(name)} already. Rename or delete that one first."
        )


async def _reread(session: AsyncSession, row: ConceptRow) -> Concept:
    await session.flush()
    wanted = shelf.concepts_of(row.guild_id, ConceptRow.id == row.id)
    return (await shelf.read(session, wanted))[0]
