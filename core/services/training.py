"""Teaching: from checked pictures to a `train` job."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, rows
from core.db import concepts as shelf
from core.db.guilds import ensure_guild
from core.db.tables import ConceptRow
from core.domain.concepts import Concept, ConceptKind, StackEntry, class_noun, concept_name
from core.domain.people import Actor
from core.domain.requests import SEED_MAX, STACK_MAX, TrainRequest
from core.errors import Conflict, InvalidInput
from core.services.desk import Desk
from core.services.imagining import pinned
from core.services.library import check_may_change, require
from core.services.submitted import Submitted

PICTURES_MAX = 50
STEPS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class TrainWish:
    """What a person wants to teach."""

    name: str
    class_noun: str
    kind: ConceptKind
    pictures: tuple[str, ...]
    """Storage keys of checked pictures."""
    base_on: tuple[str, ...] = ()
    """Names of concepts that stay frozen underneath."""
    steps: int | None = None


class Training:
    """Starts training; a name that exists gets a further version."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def start(self, actor: Actor, channel_id: int, wish: TrainWish) -> Submitted:
        """Queue the training of a new concept, or of a further version of one's own.

        Raises:
            InvalidInput: a name, class, number or the pictures cannot be used.
            NotFound: a concept in `base_on` does not exist here.
            NotAllowed: the name belongs to somebody else.
            Conflict: it is being trained already, or taught as something else before.
        """
        name, noun = concept_name(wish.name), class_noun(wish.class_noun)
        _check(wish)
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            parents = await _parents(session, actor.guild_id, name, wish.base_on)
            concept = await _concept(session, actor, name=name, noun=noun, kind=wish.kind)
            request = _request(concept, wish, parents)
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)


def _check(wish: TrainWish) -> None:
    if not 1 <= len(wish.pictures) <= PICTURES_MAX:
        raise InvalidInput(f"Give between 1 and {PICTURES_MAX} pictures; five to ten work well.")
    if wish.steps is not None and not 1 <= wish.steps <= STEPS_MAX:
        raise InvalidInput(f"The number of steps is between 1 and {STEPS_MAX}.")
    if len(wish.base_on) > STACK_MAX:
        raise InvalidInput(f"A concept can be based on {STACK_MAX} others at most.")


async def _concept(
    session: AsyncSession, actor: Actor, *, name: str, noun: str, kind: ConceptKind
) -> Concept:
    """The actor's concept of that name, made if it is new."""
    known = (await shelf.named(session, actor.guild_id, (name,))).get(name)
    if known is None:
        return await _new_concept(session, actor, name=name, noun=noun, kind=kind)
    check_may_change(actor, known.owner_id, name)
    if await shelf.in_training(session, (known.id,)):
        raise Conflict(f"{known.token} is being trained right now. Wait for it or cancel it.")
    if (known.class_noun, known.kind) != (noun, kind):
        raise Conflict(
            f"{known.token} is a {known.kind} of class {known.class_noun}. "
            "Train it as that again, or choose another name."
        )
    return known


async def _new_concept(
    session: AsyncSession, actor: Actor, *, name: str, noun: str, kind: ConceptKind
) -> Concept:
    row = ConceptRow(
        guild_id=actor.guild_id,
        owner_id=actor.user_id,
        name=name,
        class_noun=noun,
        kind=kind,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    await session.flush()
    return rows.concept(row, None)


async def _parents(
    session: AsyncSession, guild_id: int, name: str, base_on: Sequence[str]
) -> tuple[StackEntry, ...]:
    names = tuple(dict.fromkeys(concept_name(parent) for parent in base_on))
    if name in names:
        raise InvalidInput("A concept cannot be based on itself; leave it out of `base on`.")
    known = await shelf.named(session, guild_id, names)
    await require(session, guild_id, [parent for parent in names if parent not in known])
    return tuple(pinned(known[parent]) for parent in names)


def _request(concept: Concept, wish: TrainWish, parents: tuple[StackEntry, ...]) -> TrainRequest:
    return TrainRequest(
        concept_id=concept.id,
        name=concept.name,
        class_noun=concept.class_noun,
        concept_kind=concept.kind,
        pictures=wish.pictures,
        steps=wish.steps,
        parents=parents,
        seed=secrets.randbelow(SEED_MAX + 1),
    )
