"""What is on record of a stack's versions, and what there is to say about them beforehand."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.tables import ConceptRow, VersionRow
from core.domain.cautions import Known, cautions, hindrance
from core.domain.concepts import StackEntry
from core.domain.drawing import Stacking
from core.domain.evaluation import scenes_of
from core.domain.parts import parts_of
from core.domain.requests import (
    EvaluateRequest,
    FuseRequest,
    ImagineRequest,
    Purpose,
    Request,
    TrainRequest,
)
from core.errors import Conflict


async def known_of(
    session: AsyncSession, guild_id: int, stack: Sequence[StackEntry]
) -> dict[int, Known]:
    """Version id → what is on record of it; a version of another guild is not there."""
    wanted = (
        select(VersionRow.id, VersionRow.family, VersionRow.sketch, VersionRow.recipe)
        .join(ConceptRow, ConceptRow.id == VersionRow.concept_id)
        .where(
            VersionRow.id.in_([entry.version_id for entry in stack]),
            ConceptRow.guild_id == guild_id,
        )
    )
    found = await session.execute(wanted)
    return {
        number: Known(family, sketch, parts_of(recipe)) for number, family, sketch, recipe in found
    }


async def told(
    session: AsyncSession,
    guild_id: int,
    stack: Sequence[StackEntry],
    *,
    family: str,
    weights: str = "",
    stacking: Stacking | None = Stacking.APART,
    prompt: str = "",
) -> tuple[str, ...]:
    """What may go wrong with a stack of this guild.

    Raises:
        Conflict: it cannot work at all with the family of models that runs now.
    """
    if not stack:
        return ()
    known = await known_of(session, guild_id, stack)
    if reason := hindrance(stack, known, family):
        raise Conflict(reason)
    return cautions(
        stack, stacking=stacking, prompt=prompt, known=known, family=family, weights=weights
    )


def stack_of(request: Request) -> tuple[StackEntry, ...]:
    """The concept versions that a request uses: those that draw, that lie underneath while it
    teaches, or that it fuses.
    """
    if isinstance(request, TrainRequest):
        return request.parents
    if isinstance(request, FuseRequest):
        return request.parts
    return request.stack if isinstance(request, ImagineRequest | EvaluateRequest) else ()


def together_in(request: Request) -> tuple[tuple[StackEntry, ...], ...]:
    """The concept versions that meet in one picture, or underneath one training, for each."""
    if isinstance(request, EvaluateRequest) and request.purpose is Purpose.VERSIONS:
        return tuple(scene.stack for scene in scenes_of(request))
    return (stack_of(request),)


def stacking_of(request: Request) -> Stacking | None:
    """How its concepts work together in what it draws; None where it draws nothing for people."""
    if isinstance(request, EvaluateRequest):
        return request.scene.stacking if request.scene else request.stacking
    return request.stacking if isinstance(request, ImagineRequest) else None
