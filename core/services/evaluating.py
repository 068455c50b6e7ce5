"""Evaluations: ask for one, read what it found, and count what people think."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from core.db import Database, rows
from core.db import concepts as shelf
from core.db.tables import ConceptRow, EvaluationRow, ImageRow, RatingRow, VersionRow
from core.domain.concepts import Concept, ConceptVersion, StackEntry
from core.domain.drawing import Stacking
from core.domain.evaluation import USUAL_SEEDS, Accepted, Report, Waypoint, evaluation_prompts
from core.domain.images import Image
from core.domain.people import Actor
from core.domain.requests import EvaluateRequest, ImagineWish, Purpose
from core.errors import Conflict, InvalidInput, NotFound
from core.services import again
from core.services.desk import Desk
from core.services.gallery import Gallery
from core.services.imagining import resolved
from core.services.library import Library
from core.services.pinning import pinned
from core.services.submitted import Submitted

PROMPTS_MAX = 8
SEEDS_USUAL, SEEDS_MAX = len(USUAL_SEEDS), 16
SEARCH_MAX = 32
BLIND_SEEDS, BLIND_CONTROLS, BLIND_PROMPTS = 3, 1, 2


@dataclass(frozen=True, slots=True)
class Vote:
    """How many people say the same of one image."""

    image: Image
    value: int
    count: int


class Evaluating:
    """Turns questions into `evaluate` jobs with their concept versions pinned."""

    def __init__(
        self, database: Database, desk: Desk, *, library: Library, gallery: Gallery
    ) -> None:
        self._database, self._desk = database, desk
        self._library, self._gallery = library, gallery

    async def concept(
        self,
        actor: Actor,
        channel_id: int,
        name: str,
        *,
        seeds: int = SEEDS_USUAL,
        prompts: str = "",
        version: int | None = None,
        stacking: Stacking = Stacking.APART,
    ) -> Submitted:
        """Queue the scores of one concept at a version, else at the one in use.

        `prompts` holds prompts with semicolons between; empty means the usual four.

        Raises:
            InvalidInput: a number or a prompt cannot be used.
            NotFound: there is no such concept, or no such version of it.
            Conflict: it has no version.
        """
        _within("number of seeds", seeds, SEEDS_MAX)
        concept = await self._library.find(actor.guild_id, name)
        entry = pinned(concept, version=await self._version(concept, version))
        usual = evaluation_prompts(concept.kind, concept.name, concept.class_noun)
        asked = await self._about(actor, concept, _listed(prompts)) or usual
        request = EvaluateRequest(
            purpose=Purpose.CONCEPT,
            prompts=asked,
            seeds=again.seeds_from(USUAL_SEEDS[0], seeds),
            stack=(entry,),
            pictures=await self._pictures((entry,)),
            stacking=stacking,
        )
        return await self._submit(actor, channel_id, request)

    async def stack(
        self, actor: Actor, channel_id: int, wish: ImagineWish, *, seeds: int = SEEDS_USUAL
    ) -> Submitted:
        """Queue the scores of several concepts in one wish; raises as `concept` does.

        Of a wish its prompt, its negative prompt and its way of stacking count.
        """
        _within("number of seeds", seeds, SEEDS_MAX)
        dice = again.seeds_from(USUAL_SEEDS[0], seeds)
        request = await self._asked(actor, Purpose.STACK, wish, dice)
        if len(request.stack) < 2:
            raise InvalidInput(
                "A stack is two concepts or more: name them in the prompt, such as "
                "<xyz> temple in <kar> forest. For one alone there is /evaluate concept."
            )
        return await self._submit(actor, channel_id, request)

    async def seeds(
        self, actor: Actor, channel_id: int, wish: ImagineWish, *, count: int
    ) -> Submitted:
        """Queue a search for the seeds that suit a wish best; raises and reads as `stack` does."""
        _within("number of seeds", count, SEARCH_MAX)
        dice = again.seeds_from(None, count)
        request = await self._asked(actor, Purpose.SEEDS, wish, dice)
        return await self._submit(actor, channel_id, request)

    async def blind(self, actor: Actor, channel_id: int, prompts: str) -> Submitted:
        """Queue a sheet of one or two prompts for people to judge; raises as `concept` does."""
        asked = _listed(prompts)
        if not 1 <= len(asked) <= BLIND_PROMPTS:
            raise InvalidInput("Give one prompt or two, with a semicolon between them.")
        each = BLIND_PROMPTS // len(asked)
        dice = again.seeds_from(None, each * (BLIND_SEEDS + BLIND_CONTROLS))
        wishes = [ImagineWish(prompt=prompt) for prompt in asked]
        whole = [await self._asked(actor, Purpose.BLIND, wish, dice) for wish in wishes]
        stack = tuple({entry.version_id: entry for one in whole for entry in one.stack}.values())
        if not stack:
            raise InvalidInput("Name a concept in the prompt, such as a <xyz> temple.")
        request = EvaluateRequest(
            purpose=Purpose.BLIND,
            prompts=tuple(one.prompts[0] for one in whole),
            seeds=dice[: each * BLIND_SEEDS],
            controls=dice[each * BLIND_SEEDS :],
            stack=stack,
            pictures=await self._pictures(stack),
        )
        return await self._submit(actor, channel_id, request)

    async def solo(self, actor: Actor, channel_id: int, image_id: int) -> Submitted:
        """Queue a picture's scene with each of its concepts alone, with all and with none.

        Raises:
            NotFound: there is no such picture here, or it was deleted.
            Conflict: it was not made with several concepts.
        """
        scene = again.scene(await self._gallery.image(actor, image_id))
        if len(scene.stack) < 2:
            raise Conflict("This picture was not made with several concepts, so each is alone.")
        request = EvaluateRequest(
            purpose=Purpose.SOLO,
            prompts=(scene.prompt,),
            seeds=scene.seeds,
            stack=scene.stack,
            scene=scene,
        )
        return await self._submit(actor, channel_id, request)

    async def report_of_job(self, guild_id: int, job_id: int) -> Report:
        """What an evaluation of this guild found.

        Raises:
            NotFound: there is none.
        """
        async with self._database.session() as session:
            row = await session.get(EvaluationRow, job_id)
        if row is None or row.guild_id != guild_id:
            raise NotFound(f"Job {job_id} has evaluated nothing here.")
        return row.report

    async def course_of(self, guild_id: int, request: EvaluateRequest) -> tuple[Waypoint, ...]:
        """The checkpoints of the version that is scored; none for several concepts."""
        if request.purpose is not Purpose.CONCEPT:
            return ()
        wanted = (
            select(VersionRow)
            .join(ConceptRow)
            .where(VersionRow.id == request.stack[0].version_id, ConceptRow.guild_id == guild_id)
        )
        async with self._database.session() as session:
            row = (await session.scalars(wanted)).one_or_none()
        return () if row is None else row.course

    async def accepted(
        self, actor: Actor, *, job_id: int | None = None, name: str = ""
    ) -> Sequence[Accepted]:
        """What people said of blind sheets, by prompt and versions of its concepts, whatever those
        are called now; images without the concepts come last.

        Raises:
            NotFound: there is no such concept here.
        """
        concept = await self._library.find(actor.guild_id, name) if name else None
        wanted = (
            select(ImageRow, RatingRow.value, func.count())
            .join(EvaluationRow, EvaluationRow.job_id == ImageRow.job_id)
            .join(RatingRow, RatingRow.image_id == ImageRow.id)
            .where(EvaluationRow.guild_id == actor.guild_id)
            .where(EvaluationRow.purpose == Purpose.BLIND)
            .group_by(ImageRow.id, RatingRow.value)
            .order_by(ImageRow.id)
        )
        if job_id is not None:
            wanted = wanted.where(EvaluationRow.job_id == job_id)
        async with self._database.session() as session:
            found = [Vote(rows.image(row), *of) for row, *of in await session.execute(wanted)]
        return _counted(found, concept)

    async def _about(
        self, actor: Actor, concept: Concept, prompts: Sequence[str]
    ) -> tuple[str, ...]:
        """Prompts with names written as tokens; each has to name this concept and no other."""
        async with self._database.transaction() as session:
            known = [
                await resolved(session, actor.guild_id, ImagineWish(prompt=prompt))
                for prompt in prompts
            ]
        for one in known:
            if [entry.concept_id for entry in one.stack] != [concept.id]:
                raise InvalidInput(
                    f"Every prompt has to name {concept.token} and no other concept. "
                    "For several there is /evaluate stack."
                )
        return tuple(one.prompt for one in known)

    async def _version(self, concept: Concept, number: int | None) -> ConceptVersion | None:
        return None if number is None else await self._library.version(concept, number)

    async def _asked(
        self, actor: Actor, purpose: Purpose, wish: ImagineWish, seeds: tuple[int, ...]
    ) -> EvaluateRequest:
        async with self._database.transaction() as session:
            drawn = await resolved(session, actor.guild_id, wish)
        return EvaluateRequest(
            purpose=purpose,
            prompts=(drawn.prompt,),
            seeds=seeds,
            stack=drawn.stack,
            pictures=await self._pictures(drawn.stack),
            stacking=drawn.stacking,
            negative_prompt=drawn.negative_prompt,
        )

    async def _pictures(self, stack: Sequence[StackEntry]) -> tuple[tuple[str, ...], ...]:
        async with self._database.session() as session:
            return await shelf.pictures_of(session, stack)

    async def _submit(self, actor: Actor, channel_id: int, request: EvaluateRequest) -> Submitted:
        async with self._database.transaction() as session:
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)


def _counted(found: Sequence[Vote], concept: Concept | None) -> list[Accepted]:
    """Votes by prompt and versions; those on images without a concept, of the same sheets, last."""
    asked: dict[tuple[str, tuple[int, ...]], list[Vote]] = defaultdict(list)
    for vote in found:
        shown = _shown(vote.image)
        if shown and (concept is None or concept.id in {entry.concept_id for entry in shown}):
            versions = tuple(entry.version_id for entry in shown)
            asked[vote.image.manifest.request.prompt, versions].append(vote)
    if not asked:
        return []
    sheets = {vote.image.job_id for votes in asked.values() for vote in votes}
    plain = [v for v in found if v.image.job_id in sheets and not v.image.manifest.request.stack]
    told = [
        _tally(votes, prompt, tuple(entry.number for entry in _shown(votes[0].image)))
        for (prompt, _), votes in asked.items()
    ]
    return [*told, _tally(plain)]


def _shown(image: Image) -> tuple[StackEntry, ...]:
    """The concepts in an image's own prompt: its stack is that of the whole sheet."""
    request = image.manifest.request
    return tuple(entry for entry in request.stack if entry.token in request.prompt)


def _tally(votes: Sequence[Vote], prompt: str = "", versions: tuple[int, ...] = ()) -> Accepted:
    up = sum(vote.count for vote in votes if vote.value > 0)
    down = sum(vote.count for vote in votes if vote.value <= 0)
    return Accepted(prompt=prompt, versions=versions, up=up, down=down)


def _listed(prompts: str) -> tuple[str, ...]:
    asked = tuple(" ".join(part.split()) for part in prompts.split(";") if part.strip())
    if len(asked) > PROMPTS_MAX:
        raise InvalidInput(f"At most {PROMPTS_MAX} prompts can be evaluated at once.")
    return asked


def _within(what: str, value: int, high: int) -> None:
    if not 1 <= value <= high:
        raise InvalidInput(f"The {what} is between 1 and {high}.")
