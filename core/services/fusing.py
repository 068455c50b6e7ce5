"""Fusing: from a saved stack to a `fuse` job, and from its end to a version."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db.guilds import ensure_guild
from core.db.tables import VersionRow
from core.dispatch.messages import Fused
from core.domain.concepts import ConceptKind, ConceptVersion, concept_name, token_of
from core.domain.fusion import fusion_of, noun_of
from core.domain.jobs import Job
from core.domain.parts import parts_of, unfusable
from core.domain.people import Actor
from core.domain.requests import FuseRequest
from core.errors import Conflict, InvalidInput
from core.services.desk import Desk
from core.services.library import check_no_stack
from core.services.naming import own_concept
from core.services.new_versions import version_of
from core.services.pinning import pinned
from core.services.stacks import SavedStack, Stacks
from core.services.submitted import Submitted


@dataclass(frozen=True, slots=True)
class FuseWish:
    """What a person wants fused."""

    stack: str
    """The name of a saved stack."""
    into: str
    """The name of the concept that it becomes a version of."""


class Fusing:
    """Starts fusions; a name that exists gets a further version."""

    def __init__(self, database: Database, desk: Desk, stacks: Stacks) -> None:
        self._database, self._desk, self._stacks = database, desk, stacks

    async def start(self, actor: Actor, channel_id: int, wish: FuseWish) -> Submitted:
        """Queue the fusion of a stack's concepts at the versions that they have now.

        Raises:
            InvalidInput: a name cannot be used, or the stack has one concept only.
            NotFound: there is no such stack here.
            NotAllowed: the concept's name belongs to somebody else.
            Conflict: a concept was deleted, has no version, or is fused already; the name is of
                something else, or a version of it is being made right now.
        """
        name = concept_name(wish.into)
        stack = await self._stacks.get(actor.guild_id, wish.stack)
        _check(stack)
        concepts = [concept for concept, _ in stack.members]
        kinds = {concept.kind for concept in concepts}
        kind = ConceptKind.SUBJECT if ConceptKind.SUBJECT in kinds else ConceptKind.STYLE
        noun = noun_of(tuple(concept.class_noun for concept in concepts))
        parts = tuple(pinned(concept, weight) for concept, weight in stack.members)
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            known = await own_concept(session, actor, name=name, noun=noun, kind=kind)
            request = FuseRequest(
                concept_id=known.id if known else None,
                name=known.name if known else name,
                class_noun=noun,
                concept_kind=kind,
                stack_name=stack.name,
                parts=parts,
            )
            await check_no_stack(session, actor.guild_id, request.name)
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)


async def fused_in(session: AsyncSession, job: Job, ended: Fused) -> VersionRow:
    """The version that a finished fusion is, of its concept, which is made where it is new.

    Raises:
        UserError: the name has been given to something else meanwhile.
    """
    request = job.request
    if not isinstance(request, FuseRequest):
        raise TypeError(f"job {job.id} is no fuse job")
    return await version_of(
        session,
        job,
        request,
        ended,
        recipe=ended.fusion.model_dump_json(),
        parents=[part.version_id for part in request.parts],
    )


def _check(stack: SavedStack) -> None:
    if stack.lost:
        raise Conflict(
            f"{stack.lost} of the concepts of {token_of(stack.name)} were deleted. Save it anew."
        )
    if len(stack.members) < 2:
        raise InvalidInput("It takes two concepts or more to fuse. Save a stack of several.")
    for concept, _ in stack.members:
        if concept.latest is not None:
            _check_version(concept.token, concept.latest)


def _check_version(token: str, version: ConceptVersion) -> None:
    """What its recipe tells already; the worker looks at the file."""
    if fusion_of(version) is not None:
        raise Conflict(f"{token} is several concepts in one already. Put those into the stack.")
    if reason := unfusable(token, parts_of(version.recipe)):
        raise InvalidInput(reason)
