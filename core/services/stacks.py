"""Concepts with weights, kept under a name: `<name>` in a prompt stands for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db import concepts as shelf
from core.db.concepts import LIVE
from core.db.guilds import ensure_guild
from core.db.tables import ConceptRow, StackRow
from core.domain.concepts import Concept, StackPart, concept_name, token_of
from core.domain.people import Actor
from core.domain.requests import STACK_MAX
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.services import prompts
from core.services.desk import Desk
from core.services.library import holder, require, tidied
from core.services.pinning import pinned
from core.services.prompts import twice

EACH_GUILD_MAX = 100
Wanted = tuple[tuple[str, float], ...]
Members = tuple[tuple[Concept, float], ...]


@dataclass(frozen=True, slots=True)
class SavedStack:
    """A stack as a person sees it."""

    name: str
    owner_id: int
    members: Members
    """Concepts with weights, those that were deleted left out."""
    lost: int
    """How many of its concepts were deleted since."""
    cautions: tuple[str, ...] = ()
    """What may go wrong with it; where it is one of many, that is left out."""


class Stacks:
    """Keeps stacks; whoever saved one and moderators may change it."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def save(self, actor: Actor, name: str, parts: Wanted) -> SavedStack:
        """Keep concepts with weights under a name, in place of what it meant before.

        Raises:
            InvalidInput: the name or a weight cannot be used, or there are too few or many parts.
            NotFound: one of the concepts does not exist here.
            NotAllowed: the name is a stack that somebody else saved.
            Conflict: it is the name of a concept, or there are too many stacks.
        """
        fresh, wanted = concept_name(name), _checked(parts)
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            if await holder(session, actor.guild_id, fresh):
                raise Conflict(f"{token_of(fresh)} is a concept. Choose another name.")
            known = await shelf.named(session, actor.guild_id, wanted)
            await require(session, actor.guild_id, [one for one in wanted if one not in known])
            row = await _row_to_fill(session, actor, fresh)
            weights = {known[one].id: weight for one, weight in wanted.items()}
            row.parts = tuple(StackPart(concept_id=i, weight=w) for i, w in weights.items())
            row.saved_at = datetime.now(UTC)
            said = [(known[concept_name(name)].name, weight) for name, weight in parts]
            return await self._advised(session, await _read(session, row), tuple(twice(said)))

    async def list(self, guild_id: int, text: str = "") -> Sequence[SavedStack]:
        """A guild's stacks whose name contains `text`, by name."""
        wanted = select(StackRow).where(
            StackRow.guild_id == guild_id, StackRow.name.contains(tidied(text), autoescape=True)
        )
        async with self._database.session() as session:
            found = await session.scalars(wanted.order_by(StackRow.name))
            return [await _read(session, row) for row in found.all()]

    async def get(self, guild_id: int, name: str) -> SavedStack:
        """One stack.

        Raises:
            NotFound: there is none of that name here.
        """
        async with self._database.session() as session:
            stack = await _read(session, await _row(session, guild_id, name))
            return await self._advised(session, stack)

    async def _advised(
        self, session: AsyncSession, stack: SavedStack, notes: tuple[str, ...] = ()
    ) -> SavedStack:
        """The same with what may go wrong; what cannot work at all may be kept for another day."""
        pairs = [(concept, weight) for concept, weight in stack.members if concept.latest]
        entries = [pinned(concept, weight) for concept, weight in pairs]
        if not entries:
            return replace(stack, cautions=notes)
        guild_id = stack.members[0][0].guild_id
        try:
            told = await self._desk.cautions(session, guild_id, entries)
        except Conflict as reason:
            told = (str(reason),)
        return replace(stack, cautions=(*notes, *told))

    async def delete(self, actor: Actor, name: str) -> None:
        """Forget a stack; the pictures that were made with it stay.

        Raises:
            NotFound: there is none of that name here.
            NotAllowed: somebody else saved it.
        """
        async with self._database.transaction() as session:
            row = await _row(session, actor.guild_id, name)
            _check_may_change(actor, row)
            await session.delete(row)


async def unfolded(
    session: AsyncSession, guild_id: int, prompt: str, wanted: Wanted
) -> tuple[str, Wanted]:
    """A prompt and a list of names with the concepts of saved stacks in their stacks' places.

    Raises:
        NotFound: a stack's concepts were all deleted.
    """
    names = {*prompts.tokens(prompt), *(concept_name(name) for name, _ in wanted)}
    known = await shelf.named(session, guild_id, names)
    named = StackRow.guild_id == guild_id, StackRow.name.in_(names - known.keys())
    rows = (await session.scalars(select(StackRow).where(*named))).all()
    stacks = {row.name: _members(await _read(session, row)) for row in rows}
    return prompts.unfold(prompt, stacks), _spread(wanted, stacks)


def _spread(wanted: Wanted, stacks: Mapping[str, Members]) -> Wanted:
    spread: dict[str, float] = {}
    for called, weight in wanted:
        name = concept_name(called)
        for concept, own in stacks.get(name, ()):
            spread[concept.name] = own * weight
        if name not in stacks:
            spread[name] = weight
    return tuple(spread.items())


def _members(stack: SavedStack) -> Members:
    if not stack.members:
        raise NotFound(
            f"The concepts of the stack {token_of(stack.name)} were deleted. Save it anew."
        )
    return stack.members


def _checked(parts: Wanted) -> dict[str, float]:
    wanted = {concept_name(name): prompts.checked_weight(weight) for name, weight in parts}
    if not 1 <= len(wanted) <= STACK_MAX:
        raise InvalidInput(f"A stack has 1 to {STACK_MAX} concepts, such as xyz:0.8, kar.")
    return wanted


async def _row_to_fill(session: AsyncSession, actor: Actor, name: str) -> StackRow:
    row = await session.get(StackRow, (actor.guild_id, name))
    if row is not None:
        _check_may_change(actor, row)
        return row
    count = select(func.count()).where(StackRow.guild_id == actor.guild_id)
    if (await session.scalar(count) or 0) >= EACH_GUILD_MAX:
        raise Conflict(f"There are {EACH_GUILD_MAX} stacks here already. Delete one first.")
    row = StackRow(guild_id=actor.guild_id, name=name, owner_id=actor.user_id)
    session.add(row)
    return row


async def _row(session: AsyncSession, guild_id: int, name: str) -> StackRow:
    row = await session.get(StackRow, (guild_id, concept_name(name)))
    if row is None:
        raise NotFound(f"There is no stack {token_of(concept_name(name))} here. See /stacks list.")
    return row


async def _read(session: AsyncSession, row: StackRow) -> SavedStack:
    weights = {part.concept_id: part.weight for part in row.parts}
    wanted = shelf.concepts_of(row.guild_id, LIVE, ConceptRow.id.in_(weights))
    by_id = {concept.id: concept for concept in await shelf.read(session, wanted)}
    members = tuple((by_id[i], weight) for i, weight in weights.items() if i in by_id)
    return SavedStack(row.name, row.owner_id, members, len(weights) - len(members))


def _check_may_change(actor: Actor, row: StackRow) -> None:
    if actor.user_id != row.owner_id and not actor.moderates:
        raise NotAllowed(
            f"The stack {token_of(row.name)} was saved by somebody else. Choose another name."
        )
