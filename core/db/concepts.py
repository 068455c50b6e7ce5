"""Reading concepts with the version that prompts use now; always of one guild."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import rows
from core.db.tables import AliasRow, ConceptRow, JobRow, TagRow, VersionRow
from core.domain.concepts import Concept, StackEntry
from core.domain.jobs import JobState

LIVE = ConceptRow.deleted_at.is_(None)
TRAINED = VersionRow.id.is_not(None)
Concepts = Select[ConceptRow, VersionRow]


def concepts_of(guild_id: int, *conditions: ColumnElement[bool]) -> Concepts:
    """The guild's concepts, each with the version that was chosen, else its newest, or nothing."""
    newest = (
        select(func.max(VersionRow.number))
        .where(VersionRow.concept_id == ConceptRow.id)
        .correlate(ConceptRow)
        .scalar_subquery()
    )
    used = func.coalesce(ConceptRow.chosen, newest)
    versions = and_(VersionRow.concept_id == ConceptRow.id, VersionRow.number == used)
    return (
        select(ConceptRow, VersionRow)
        .outerjoin(VersionRow, versions)
        .where(ConceptRow.guild_id == guild_id, *conditions)
    )


async def read(session: AsyncSession, concepts: Concepts) -> list[Concept]:
    """What such a query finds, as domain values."""
    found = await session.execute(concepts)
    return [rows.concept(concept, version) for concept, version in found]


async def named(session: AsyncSession, guild_id: int, names: Collection[str]) -> dict[str, Concept]:
    """The guild's live concepts among these names, each under the name or alias that was asked for.

    A name wins over an alias of another concept.
    """
    alias = and_(AliasRow.concept_id == ConceptRow.id, AliasRow.guild_id == guild_id)
    called = concepts_of(guild_id, LIVE, AliasRow.name.in_(names)).join(AliasRow, alias)
    found = await session.execute(called.add_columns(AliasRow.name))
    by_alias = {name: rows.concept(concept, version) for concept, version, name in found}
    by_name = await read(session, concepts_of(guild_id, LIVE, ConceptRow.name.in_(names)))
    return by_alias | {concept.name: concept for concept in by_name}


def called(text: str) -> ColumnElement[bool]:
    """A concept whose name or an alias of which contains `text`."""
    aliases = select(AliasRow.concept_id).where(AliasRow.name.contains(text, autoescape=True))
    return or_(ConceptRow.name.contains(text, autoescape=True), ConceptRow.id.in_(aliases))


def tagged(tag: str, *, whole: bool = True) -> ColumnElement[bool]:
    """A concept that has this tag, or one that contains it."""
    same = TagRow.name == tag if whole else TagRow.name.contains(tag, autoescape=True)
    return ConceptRow.id.in_(select(TagRow.concept_id).where(same))


async def pictures_of(
    session: AsyncSession, stack: Sequence[StackEntry]
) -> tuple[tuple[str, ...], ...]:
    """Storage keys of each version's training pictures, in the order of the stack."""
    wanted = select(VersionRow).where(VersionRow.id.in_([entry.version_id for entry in stack]))
    found = {row.id: row.pictures for row in await session.scalars(wanted)}
    return tuple(found[entry.version_id] for entry in stack)


async def in_training(session: AsyncSession, concept_ids: Collection[int]) -> set[int]:
    """Which of these concepts have a training job that has not ended."""
    busy: Any = select(JobRow.concept_id).where(
        JobRow.concept_id.in_(concept_ids),
        JobRow.state.in_((JobState.QUEUED, JobState.RUNNING)),
    )
    return set(await session.scalars(busy))
