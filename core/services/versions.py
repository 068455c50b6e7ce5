"""The versions of a concept: which one is in use, and two of them side by side."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, rows
from core.db.guilds import ensure_guild
from core.db.tables import ConceptRow, VersionRow
from core.domain.concepts import Concept, ConceptVersion, concept_name
from core.domain.people import Actor
from core.domain.requests import ImagineRequest, ImagineWish
from core.errors import InvalidInput, NotFound
from core.services.again import seeds_from
from core.services.desk import Desk
from core.services.imagining import resolved
from core.services.library import check_may_change, found
from core.services.pinning import pinned
from core.services.submitted import Submitted


@dataclass(frozen=True, slots=True)
class CompareWish:
    """Two versions of a concept on one prompt and seed."""

    name: str
    numbers: tuple[int, int]
    prompt: str = ""
    """Empty: the concept alone."""
    seed: int | None = None


class Versions:
    """Chooses and compares; versions themselves never change."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def choose(self, actor: Actor, name: str, number: int) -> Concept:
        """Have prompts use a version from now on; jobs and pictures that exist keep theirs.

        The next version that is taught or taken in comes into use by itself.

        Raises:
            NotFound: there is no such concept here, or no such version of it.
            NotAllowed: it belongs to somebody else.
        """
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            concept = await found(session, actor.guild_id, concept_name(name))
            check_may_change(actor, concept.owner_id, concept.name)
            version = await _numbered(session, concept, number)
            row = await session.get_one(ConceptRow, concept.id)
            row.chosen = number
        return replace(concept, latest=version)

    async def compare(
        self, actor: Actor, channel_id: int, wish: CompareWish
    ) -> tuple[Submitted, Submitted]:
        """Queue one picture with each version, everything else equal.

        Raises:
            InvalidInput: it is twice the same version, or the prompt cannot be used.
            NotFound: there is no such concept here, or no such version of it.
        """
        if wish.numbers[0] == wish.numbers[1]:
            raise InvalidInput("Choose two different versions to compare.")
        async with self._database.transaction() as session:
            concept = await found(session, actor.guild_id, concept_name(wish.name))
            request = await _common(session, actor.guild_id, concept, wish)
            first, second = [
                await self._desk.take(
                    session,
                    actor,
                    channel_id=channel_id,
                    request=_at(request, concept, await _numbered(session, concept, number)),
                )
                for number in wish.numbers
            ]
        return first, second


async def _common(
    session: AsyncSession, guild_id: int, concept: Concept, wish: CompareWish
) -> ImagineRequest:
    (seed,) = seeds_from(wish.seed, 1)
    prompt = wish.prompt or f"a {concept.token} {concept.class_noun}"
    drawn = ImagineWish(prompt, count=1, seed=seed, concepts=((concept.name, 1.0),))
    return await resolved(session, guild_id, drawn)


def _at(request: ImagineRequest, concept: Concept, version: ConceptVersion) -> ImagineRequest:
    stack = tuple(
        pinned(concept, entry.weight, version=version) if entry.concept_id == concept.id else entry
        for entry in request.stack
    )
    return request.model_copy(update={"stack": stack})


async def _numbered(session: AsyncSession, concept: Concept, number: int) -> ConceptVersion:
    numbered = select(VersionRow).where(
        VersionRow.concept_id == concept.id, VersionRow.number == number
    )
    row = (await session.scalars(numbered)).one_or_none()
    if row is None:
        raise NotFound(
            f"{concept.token} has no version {number}. /concepts show tells which it has."
        )
    return rows.version(row)
