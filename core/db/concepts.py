"""Reading concepts with the version that prompts use now; always of one guild."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import rows
from core.db.tables import AliasRow, ConceptRow, JobRow, TagRow, VersionRow
from core.domain.concepts import Concept, StackEntry
from core.domain.jobs import JobState

LIVE = ConceptRow.deleted_at.is_(None)
TRAINED = VersionRow.id.is_not(None)
IN_TRAINING = exists().where(
    JobRow.concept_id == ConceptRow.id, JobRow.state.in_((JobState.QUEUED, JobState.RUNNING))
)
Concepts = Select[ConceptRow, VersionRow, bool]


def concepts_of(guild_id: int, *conditions: ColumnElement[bool]) -> Concepts:
    """The guild's concepts, each with the version that was chosen, else its newest, or nothing.

    The third column tells whether a further one is on its way.
    """
    newest = (
        select(func.max(VersionRow.number))
        .where(VersionRow.concept_id == ConceptRow.id)
        .correlate(ConceptRow)
        .scalar_subquery()
    )
    used = func.coalesce(ConceptRow.chosen, newest)
    versions = and_(VersionRow.concept_id == ConceptRow.id, VersionRow.number == used)
    return (
        select(ConceptRow, VersionRow, IN_TRAINING)
        .outerjoin(VersionRow, versions)
        .where(ConceptRow.guild_id == guild_id, *conditions)
    )


async def read(session: AsyncSession, concepts: Concepts) -> list[Concept]:
    """What such a query finds, as domain values."""
    found = await session.execute(concepts)
    return [rows.concept(*of) for of in found]


async def named(session: AsyncSession, guild_id: int, names: Collection[str]) -> dict[str, Concept]:
    """The guild's live concepts among these names, each under the name or alias that was asked for.

    A name wins over an alias of another concept.
    """
    alias = and_(AliasRow.concept_id == ConceptRow.id, AliasRow.guild_id == guild_id)
    called = concepts_of(guild_id, LIVE, AliasRow.name.in_(names)).join(AliasRow, alias)
    found = await session.execute(called.add_columns(AliasRow.name))
    by_alias = {name: rows.concept(*of) for *of, name in found}
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
