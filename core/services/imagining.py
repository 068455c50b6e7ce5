"""Wishes for pictures: typed, spoken, or a button under a picture."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db import concepts as shelf
from core.domain.concepts import Concept, token_of
from core.domain.controls import missing
from core.domain.drawing import COUNT_MAX, ControlImage, ControlKind, SecondPass
from core.domain.jobs import Job
from core.domain.people import Actor
from core.domain.requests import SEED_MAX, ImagineRequest, ImagineWish, TranscribeRequest
from core.errors import Conflict, InvalidInput, UserError
from core.services import again, prompts
from core.services.desk import Desk
from core.services.gallery import Gallery
from core.services.jobs import Jobs
from core.services.library import require
from core.services.pinning import pinned
from core.services.stacks import unfolded
from core.services.submitted import Submitted


class Imagining:
    """Turns wishes into `imagine` jobs with their concept versions pinned."""

    def __init__(
        self,
        database: Database,
        desk: Desk,
        *,
        gallery: Gallery,
        jobs: Jobs,
        controls: Collection[str] = (),
    ) -> None:
        """`controls` are the kinds of ControlNets that the worker has."""
        self._database = database
        self._desk = desk
        self._gallery = gallery
        self._jobs = jobs
        self._controls = tuple(ControlKind(kind) for kind in controls)

    async def request(self, actor: Actor, channel_id: int, wish: ImagineWish) -> Submitted:
        """Queue a wish.

        Raises:
            InvalidInput: the prompt or a number is out of bounds.
            NotFound: it names a concept that this guild does not have.
            Conflict: a concept is not trained yet, or too much is waiting.
        """
        async with self._database.transaction() as session:
            return await self.enqueue(session, actor, channel_id=channel_id, wish=wish)

    async def enqueue(
        self, session: AsyncSession, actor: Actor, *, channel_id: int, wish: ImagineWish
    ) -> Submitted:
        """The same inside the caller's transaction; raises as `request` does."""
        request, notes = await understood(session, actor.guild_id, wish)
        self._check_control(request.control)
        return await self._desk.take(
            session,
            actor,
            channel_id=channel_id,
            request=request,
            reply_to=wish.reply_to,
            notes=notes,
        )

    async def check(self, session: AsyncSession, guild_id: int, wish: ImagineWish) -> None:
        """Whether a wish without its prompt can be granted; raises as `request` does."""
        _check_numbers(wish)
        self._check_control(wish.control)
        if wish.concepts:  # they alone are a prompt
            await understood(session, guild_id, wish)

    async def cautions(self, guild_id: int, wish: ImagineWish) -> tuple[str, ...]:
        """What would be said of a wish if it were queued now; its own refusal where it has one."""
        async with self._database.session() as session:
            try:
                request, notes = await understood(session, guild_id, wish)
                about = await self._desk.cautions(
                    session,
                    guild_id,
                    request.stack,
                    stacking=request.stacking,
                    prompt=request.prompt,
                )
            except UserError as error:
                return (str(error),)
        return (*notes, *about)

    async def vary(self, actor: Actor, channel_id: int, image_id: int) -> Submitted:
        """Four pictures near this one."""
        image = await self._gallery.image(actor, image_id)
        return await self._submit(actor, channel_id, again.varied(image))

    async def upscale(self, actor: Actor, channel_id: int, image_id: int) -> Submitted:
        """This picture at twice the size."""
        image = await self._gallery.image(actor, image_id)
        return await self._submit(actor, channel_id, again.upscaled(image))

    async def more_like(self, actor: Actor, channel_id: int, image_id: int) -> Submitted:
        """Four new pictures that begin from this one."""
        image = await self._gallery.image(actor, image_id)
        return await self._submit(actor, channel_id, again.alike(image))

    async def expand(
        self, actor: Actor, channel_id: int, image_id: int, direction: again.Direction
    ) -> Submitted:
        """Four pictures of what lies around this one, with it in its place."""
        image = await self._gallery.image(actor, image_id)
        return await self._submit(actor, channel_id, again.expanded(image, direction))

    async def redo(self, actor: Actor, channel_id: int, job_id: int) -> Submitted:
        """The whole wish with other seeds, and the same concept versions.

        Raises:
            Conflict: the job did not make pictures.
        """
        job = await self._jobs.get(actor.guild_id, job_id)
        if not isinstance(job.request, ImagineRequest):
            raise Conflict(f"Job {job_id} did not make pictures, so there is nothing to redo.")
        return await self._submit(actor, channel_id, again.redone(job.request))

    async def redo_one(self, actor: Actor, channel_id: int, image_id: int) -> Submitted:
        """One picture of this one's wish with another seed, and the same concept versions."""
        image = await self._gallery.image(actor, image_id)
        return await self._submit(actor, channel_id, again.redone_alone(image))

    async def redraw(self, actor: Actor, channel_id: int, image_id: int) -> Submitted:
        """This one picture again, with everything as it was."""
        image = await self._gallery.image(actor, image_id)
        return await self._submit(actor, channel_id, again.redrawn(image))

    async def replay(self, actor: Actor, channel_id: int, image_id: int) -> Submitted:
        """The picture's manifest again, with everything as it was."""
        image = await self._gallery.image(actor, image_id)
        return await self._submit(actor, channel_id, again.replayed(image))

    def _check_control(self, control: ControlImage | None) -> None:
        if control is not None and control.kind not in self._controls:
            raise InvalidInput(missing(control.kind, self._controls))

    async def _submit(self, actor: Actor, channel_id: int, request: ImagineRequest) -> Submitted:
        async with self._database.transaction() as session:
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)


def spoken(job: Job, prompt: str) -> ImagineWish:
    """The wish that a voice message came with, now that its words are known."""
    if not isinstance(job.request, TranscribeRequest):
        raise TypeError(f"job {job.id} is no transcribe job")
    return replace(job.request.wish, prompt=prompt, reply_to=job.reply_to)


async def resolved(session: AsyncSession, guild_id: int, wish: ImagineWish) -> ImagineRequest:
    """A wish as a request, with its concepts pinned; raises as `Imagining.request` does."""
    return (await understood(session, guild_id, wish))[0]


async def understood(
    session: AsyncSession, guild_id: int, wish: ImagineWish
) -> tuple[ImagineRequest, tuple[str, ...]]:
    """The same, and sentences on what the wish says in two ways."""
    _check_numbers(wish)
    prompt, wanted = await unfolded(session, guild_id, prompts.tidy(wish.prompt), wish.concepts)
    named = [name for name, _ in wanted]
    explicit = (*named, *prompts.tokens(prompt))
    known = await shelf.named(session, guild_id, {*explicit, *prompts.words(prompt)})
    inside = prompts.carried(prompt, wanted, known)
    own = [name for name in explicit if name not in inside]
    await require(session, guild_id, [name for name in own if name not in known])
    usable = _usable({n: c for n, c in known.items() if n not in inside}, own)
    meant = prompts.resolve(prompt, wanted, usable, inside)
    return _request(wish, meant), meant.notes


def _request(wish: ImagineWish, meant: prompts.Resolved) -> ImagineRequest:
    return ImagineRequest(
        prompt=meant.prompt,
        negative_prompt=prompts.tidy(wish.negative_prompt, what="negative prompt"),
        seeds=again.seeds_from(wish.seed, wish.count),
        num_inference_steps=wish.steps,
        guidance_scale=wish.guidance,
        sampler=wish.sampler,
        aspect=wish.aspect,
        stacking=wish.stacking,
        exact=wish.exact,
        stack=tuple(pinned(concept, weight) for concept, weight in meant.chosen),
        start=wish.start,
        mask=wish.mask,
        expand=wish.expand,
        control=wish.control,
        guidance_rescale=wish.rescale,
        hires=SecondPass(scale=wish.hires) if wish.hires else None,
    )


def _usable(known: Mapping[str, Concept], explicit: Collection[str]) -> dict[str, Concept]:
    """The trained ones; a word that only looks like a concept whose training failed stays one."""
    for name, concept in known.items():
        if concept.latest is None and concept.in_training:
            raise Conflict(f"{token_of(name)} is still being trained. Try again when it is ready.")
        if concept.is_vacant and name in explicit:
            raise Conflict(f"{token_of(name)} has no trained version yet. Train it with /train.")
    return {name: concept for name, concept in known.items() if concept.latest is not None}


def _check_numbers(wish: ImagineWish) -> None:
    _within("number of pictures", wish.count, 1, COUNT_MAX)
    _within("seed", wish.seed, 0, SEED_MAX)
    _within("number of steps", wish.steps, 1, 100)
    _within("guidance", wish.guidance, 1, 30)
    _within("rescale", wish.rescale, 0, 1)
    _within("hires", wish.hires, 1.25, 2)


def _within(what: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise InvalidInput(f"The {what} is between {low} and {high}.")
