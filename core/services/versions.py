"""The versions of a concept: which one is in use, and two of them side by side."""

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db import concepts as shelf
from core.db.concepts import LIVE
from core.db.guilds import ensure_guild
from core.db.tables import ConceptRow, VersionRow
from core.domain.concepts import Concept, concept_name, example_of
from core.domain.people import Actor
from core.domain.requests import EvaluateRequest, ImagineRequest, ImagineWish, Purpose
from core.errors import InvalidInput, NotFound
from core.services.desk import Desk
from core.services.imagining import resolved
from core.services.library import check_may_change, found, numbered
from core.services.pinning import pinned
from core.services.submitted import Submitted

EACH = 4
"""Pictures of each version: what one seed shows may be luck."""


@dataclass(frozen=True, slots=True)
class CompareWish:
    """Two versions of a concept on one prompt and the same seeds."""

    name: str
    numbers: tuple[int, int]
    prompt: str = ""
    """Empty: the concept alone."""
    seed: int | None = None
    """The first of them."""


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
            return await _chosen(session, actor, concept, number)

    async def choose_one(self, actor: Actor, version_id: int) -> Concept:
        """As `choose`, of a version that is at hand.

        Raises:
            NotFound: it is not of this guild, or its concept was deleted.
            NotAllowed: it belongs to somebody else.
        """
        async with self._database.transaction() as session:
            version = await session.get(VersionRow, version_id)
            of = version.concept_id if version else 0
            here = shelf.concepts_of(actor.guild_id, LIVE, ConceptRow.id == of)
            concepts = await shelf.read(session, here)
            if version is None or not concepts:
                raise NotFound("That version is not here any more.")
            return await _chosen(session, actor, concepts[0], version.number)

    async def compare(self, actor: Actor, channel_id: int, wish: CompareWish) -> Submitted:
        """Queue pictures with each version on the same seeds, everything else equal.

        Raises:
            InvalidInput: it is twice the same version, or the prompt cannot be used.
            NotFound: there is no such concept here, or no such version of it.
        """
        if wish.numbers[0] == wish.numbers[1]:
            raise InvalidInput("Choose two different versions to compare.")
        async with self._database.transaction() as session:
            concept = await found(session, actor.guild_id, concept_name(wish.name))
            versions = [await numbered(session, concept, number) for number in wish.numbers]
            scene = await _common(session, actor.guild_id, concept, wish)
            request = EvaluateRequest(
                purpose=Purpose.VERSIONS,
                prompts=(scene.prompt,),
                seeds=scene.seeds,
                stack=tuple(pinned(concept, version=version) for version in versions),
                scene=scene,
            )
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)


async def _chosen(session: AsyncSession, actor: Actor, concept: Concept, number: int) -> Concept:
    check_may_change(actor, concept.owner_id, concept.name)
    version = await numbered(session, concept, number)
    row = await session.get_one(ConceptRow, concept.id)
    row.chosen = number
    return replace(concept, latest=version)


async def _common(
    session: AsyncSession, guild_id: int, concept: Concept, wish: CompareWish
) -> ImagineRequest:
    prompt = wish.prompt or example_of(concept.name, concept.class_noun, concept.kind)
    drawn = ImagineWish(prompt, count=EACH, seed=wish.seed, concepts=((concept.name, 1.0),))
    return await resolved(session, guild_id, drawn)
