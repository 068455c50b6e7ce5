"""Teaching: from checked pictures to a `train` job."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db import concepts as shelf
from core.db.guilds import ensure_guild
from core.domain.concepts import Concept, ConceptKind, StackEntry, class_noun, concept_name
from core.domain.people import Actor
from core.domain.recipes import STEPS_MAX, Preset, parse_changes
from core.domain.requests import SEED_MAX, STACK_MAX, TrainRequest
from core.errors import InvalidInput
from core.services.desk import Desk
from core.services.library import require
from core.services.naming import new_concept, own_concept
from core.services.pinning import pinned
from core.services.stacks import unfolded
from core.services.submitted import Submitted

PICTURES_MAX = 50


@dataclass(frozen=True, slots=True)
class TrainWish:
    """What a person wants to teach."""

    name: str
    class_noun: str
    kind: ConceptKind
    pictures: tuple[str, ...]
    """Storage keys of checked pictures."""
    base_on: tuple[str, ...] = ()
    """Names of concepts and saved stacks that stay frozen underneath."""
    steps: int | None = None
    preset: Preset | None = None
    """None: what is usual for the base model."""
    settings: str = ""
    """Settings instead of the preset's own, such as `rank=16, ema=0.9`."""
    captions: tuple[str, ...] = ()
    """What is said of each picture, in their order."""
    masks: tuple[str, ...] = ()
    """Storage key of each picture's mask, or nothing, in their order."""


class Training:
    """Starts training; a name that exists gets a further version."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def start(self, actor: Actor, channel_id: int, wish: TrainWish) -> Submitted:
        """Queue the training of a new concept, or of a further version of one's own.

        Raises:
            InvalidInput: a name, class, number, setting or the pictures cannot be used.
            NotFound: a concept or stack in `base_on` does not exist here.
            NotAllowed: the name belongs to somebody else.
            Conflict: it is being trained already, or taught as something else before.
        """
        name, noun = concept_name(wish.name), class_noun(wish.class_noun)
        _check(wish)
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            parents = await _parents(session, actor.guild_id, name, wish.base_on)
            concept = (
                await own_concept(session, actor, name=name, noun=noun, kind=wish.kind)
            ) or await new_concept(session, actor, name=name, noun=noun, kind=wish.kind)
            shown = await shelf.pictures_of(session, parents)
            request = _request(concept, wish, parents, shown)
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)


def _check(wish: TrainWish) -> None:
    if not 1 <= len(wish.pictures) <= PICTURES_MAX:
        raise InvalidInput(f"Give between 1 and {PICTURES_MAX} pictures; five to ten work well.")
    if wish.steps is not None and not 1 <= wish.steps <= STEPS_MAX:
        raise InvalidInput(f"The number of steps is between 1 and {STEPS_MAX}.")
    parse_changes(wish.settings)


async def _parents(
    session: AsyncSession, guild_id: int, name: str, base_on: Sequence[str]
) -> tuple[StackEntry, ...]:
    _, wanted = await unfolded(session, guild_id, "", tuple((parent, 1.0) for parent in base_on))
    weights = dict(wanted)
    known = await shelf.named(session, guild_id, weights)
    if name in weights or name in {parent.name for parent in known.values()}:
        raise InvalidInput("A concept cannot be based on itself; leave it out of `base on`.")
    if len(weights) > STACK_MAX:
        raise InvalidInput(f"A concept can be based on {STACK_MAX} others at most.")
    await require(session, guild_id, [parent for parent in weights if parent not in known])
    parents = {known[parent].id: (known[parent], weight) for parent, weight in wanted}
    return tuple(pinned(parent, weight) for parent, weight in parents.values())


def _request(
    concept: Concept,
    wish: TrainWish,
    parents: tuple[StackEntry, ...],
    shown: tuple[tuple[str, ...], ...],
) -> TrainRequest:
    return TrainRequest(
        concept_id=concept.id,
        name=concept.name,
        class_noun=concept.class_noun,
        concept_kind=concept.kind,
        pictures=wish.pictures,
        steps=wish.steps,
        preset=wish.preset,
        settings=parse_changes(wish.settings),
        captions=wish.captions,
        masks=wish.masks if any(wish.masks) else (),
        parents=parents,
        parents_pictures=shown,
        seed=secrets.randbelow(SEED_MAX + 1),
    )
