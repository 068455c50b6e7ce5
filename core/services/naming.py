"""Which concept a name means to somebody who wants to teach it or take it in."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import concepts as shelf
from core.db import rows
from core.db.tables import ConceptRow
from core.domain.concepts import Concept, ConceptKind
from core.domain.jobs import Job
from core.domain.people import Actor
from core.domain.requests import FuseRequest, ImportRequest
from core.errors import Conflict
from core.services.library import check_may_change, check_no_stack, holder


async def own_concept(
    session: AsyncSession, actor: Actor, *, name: str, noun: str, kind: ConceptKind
) -> Concept | None:
    """The concept of that name, which may get a further version now; None when there is none.

    A vacant one becomes what is asked for where it is the actor's own; else it makes way.

    Raises:
        NotAllowed: it belongs to somebody else.
        Conflict: it is being taught right now, or is of another class or kind.
    """
    known = (await shelf.named(session, actor.guild_id, (name,))).get(name)
    if known is not None and known.is_vacant and known.owner_id == actor.user_id:
        return await _corrected(session, known, noun, kind)
    known = await holder(session, actor.guild_id, name)
    if known is None:
        return None
    check_may_change(actor, known.owner_id, name)
    check_not_in_training(known)
    if (known.class_noun, known.kind) != (noun, kind):
        raise Conflict(
            f"{known.token} is a {known.kind} of class {known.class_noun}. "
            "Train it as that again, or choose another name."
        )
    return known


def check_not_in_training(concept: Concept) -> None:
    """A concept gets one version at a time.

    Raises:
        Conflict: it is being taught right now.
    """
    if concept.in_training:
        raise Conflict(f"{concept.token} is being trained right now. Wait for it or cancel it.")


async def _corrected(
    session: AsyncSession, concept: Concept, noun: str, kind: ConceptKind
) -> Concept:
    """Nothing was made of what it was said to be, so that it can still be something else."""
    row = await session.get_one(ConceptRow, concept.id)
    row.class_noun, row.kind = noun, kind
    return replace(concept, class_noun=noun, kind=kind)


async def new_concept(
    session: AsyncSession, actor: Actor, *, name: str, noun: str, kind: ConceptKind
) -> Concept:
    """A concept of a name that is free.

    Raises:
        Conflict: a stack has that name.
    """
    await check_no_stack(session, actor.guild_id, name)
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
    return rows.concept(row)


async def concept_of_job(
    session: AsyncSession, job: Job, request: FuseRequest | ImportRequest
) -> int:
    """The id of the concept that a job makes a version of; a new one where it has none yet.

    Raises:
        UserError: the name has been given to something else meanwhile.
    """
    if request.concept_id is not None:
        return request.concept_id
    actor = Actor(guild_id=job.guild_id, user_id=job.user_id)
    name, noun, kind = request.name, request.class_noun, request.concept_kind
    concept = await own_concept(session, actor, name=name, noun=noun, kind=kind)
    concept = concept or await new_concept(session, actor, name=name, noun=noun, kind=kind)
    return concept.id
