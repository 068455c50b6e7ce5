"""Teaching: from checked pictures to a `train` job."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db import concepts as shelf
from core.db.guilds import ensure_guild
from core.db.tables import ConceptRow
from core.domain.changes import parse_changes, written
from core.domain.concepts import (
    Concept,
    ConceptKind,
    ConceptVersion,
    StackEntry,
    class_noun,
    concept_name,
)
from core.domain.effects import about_settings
from core.domain.jobs import JobState
from core.domain.people import Actor
from core.domain.presets import TEACHING, usual_recipe
from core.domain.recipes import STEPS_MAX, Preset, Recipe, recorded_recipe
from core.domain.requests import SEED_MAX, STACK_MAX, LearnedStep, TrainRequest
from core.errors import Conflict, InvalidInput, NotFound
from core.learned import Learned, recall
from core.services.again import retaught
from core.services.desk import Desk
from core.services.jobs import Jobs
from core.services.library import Library, check_may_change, require
from core.services.naming import check_not_in_training, new_concept, own_concept
from core.services.pinning import pinned
from core.services.stacks import unfolded
from core.services.submitted import Submitted
from core.storage import Storage

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


@dataclass(frozen=True, slots=True)
class Change:
    """How a training is done again."""

    steps: int | None
    """None: as many as is usual."""
    settings: str


@dataclass(frozen=True, slots=True)
class Known:
    """A training that was asked for, and the recipe of the version that it made, if it did."""

    request: TrainRequest
    version: Recipe | None = None

    @property
    def change(self) -> Change:
        """That which changes nothing."""
        steps = self.version.steps if self.version else self.request.steps
        return Change(steps, written(self.request.settings))

    def is_asked_for_by(self, request: TrainRequest) -> bool:
        """A request changes nothing of it."""
        same_steps = request.steps in {self.request.steps, self.change.steps}
        return same_steps and request.settings == self.request.settings

    @property
    def fixed_seed(self) -> int | None:
        """What chance always begins from by its recipe; None: from the job's own seed."""
        seed = self.version.seed if self.version else None
        return None if seed == self.request.seed else seed


class Training:
    """Starts training; a name that exists gets a further version."""

    def __init__(
        self, database: Database, storage: Storage, desk: Desk, *, jobs: Jobs, library: Library
    ) -> None:
        self._database = database
        self._storage = storage
        self._desk = desk
        self._jobs = jobs
        self._library = library

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
            request = _request(concept, wish, parents)
            return await self._take(session, actor, channel_id, request)

    async def again(
        self, actor: Actor, channel_id: int, job_id: int, change: Change | None = None
    ) -> Submitted:
        """Queue a training once more, with its pictures and words, for a further version.

        Its seed stays, so that what differs is what was changed; where one that went well is
        changed in nothing, it gets another.

        Raises:
            NotFound: there is no such job here, or its concept was deleted.
            InvalidInput, NotAllowed, Conflict: as for `start`.
        """
        known = await self.known(actor.guild_id, job_id)
        change = change or known.change
        _check_steps(change.steps)
        settings = parse_changes(change.settings)
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            concept = await _own(session, actor, known.request.concept_id)
            request = retaught(known.request, concept, steps=change.steps, settings=settings)
            notes: tuple[str, ...] = ()
            if known.version is not None and known.is_asked_for_by(request):
                request, notes = _with_other_dice(request), (_same_again(known),)
            return await self._take(session, actor, channel_id, request, notes)

    async def steps(self, version: ConceptVersion) -> Learned | None:
        """What its training had learned at other steps; None: there are none, or none any more."""
        learned = await asyncio.to_thread(recall, self._storage, version.artifact)
        recipe = recorded_recipe(version.recipe)
        if learned is None or recipe is None:
            return None
        return learned if learned.others(recipe.kept_step) else None

    async def keep(self, actor: Actor, channel_id: int, job_id: int, step: int) -> Submitted:
        """Queue the making of a further version of what a training had learned at another step.

        Raises:
            NotFound: there is no such job here, its concept was deleted, or the step was let go.
            NotAllowed, Conflict: as for `start`.
        """
        known = await self.known(actor.guild_id, job_id)
        if known.version is None:
            raise Conflict(f"Job {job_id} has not learned anything.")
        version = await self._library.version_of_job(job_id)
        learned = await self.steps(version)
        if learned is None or step not in learned.artifacts:
            raise NotFound(
                f"Step {step} was let go, as steps are that nobody has asked for in a long time. "
                f"Train again with {step} steps."
            )
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            concept = await _own(session, actor, known.request.concept_id)
            settings = known.request.settings
            same = retaught(known.request, concept, steps=known.request.steps, settings=settings)
            chosen = {
                "recipe": known.version.kept_by_hand(step),
                "learned": LearnedStep(artifact=learned.artifacts[step], seconds=version.seconds),
            }
            request = same.model_copy(update=chosen)
            return await self._desk.take(session, actor, channel_id=channel_id, request=request)

    async def known(self, guild_id: int, job_id: int) -> Known:
        """A training of this guild, to be done again.

        Raises:
            NotFound: there is no such job here.
            Conflict: it is none.
        """
        job = await self._jobs.get(guild_id, job_id)
        if not isinstance(job.request, TrainRequest):
            raise Conflict(f"Job {job_id} is no training, so it cannot be trained again.")
        if job.state is not JobState.SUCCEEDED:
            return Known(job.request)
        version = await self._library.version_of_job(job_id)
        return Known(job.request, Recipe.model_validate_json(version.recipe))

    def usual(self, preset: Preset | None, kind: ConceptKind, noun: str) -> Recipe | None:
        """The recipe that is used unless settings change it; None while the base model is not
        known.
        """
        family = self._desk.family
        return usual_recipe(family, preset, kind, noun) if family in TEACHING else None

    async def _take(
        self,
        session: AsyncSession,
        actor: Actor,
        channel_id: int,
        request: TrainRequest,
        notes: tuple[str, ...] = (),
    ) -> Submitted:
        """Queue a request, with its parents' pictures and a word on settings that do nothing.

        Raises:
            InvalidInput: they contradict each other.
        """
        if self._desk.family in TEACHING:
            notes = (*notes, *about_settings(request, self._desk.family))
        shown = await shelf.pictures_of(session, request.parents)
        whole = request.model_copy(update={"parents_pictures": shown})
        return await self._desk.take(
            session, actor, channel_id=channel_id, request=whole, notes=notes
        )


def _check(wish: TrainWish) -> None:
    if not 1 <= len(wish.pictures) <= PICTURES_MAX:
        raise InvalidInput(f"Give between 1 and {PICTURES_MAX} pictures; five to ten work well.")
    _check_steps(wish.steps)
    parse_changes(wish.settings)


def _check_steps(steps: int | None) -> None:
    if steps is not None and not 1 <= steps <= STEPS_MAX:
        raise InvalidInput(f"The number of steps is between 1 and {STEPS_MAX}.")


async def _own(session: AsyncSession, actor: Actor, concept_id: int) -> Concept:
    """A concept that may get a further version now, by whatever name it has."""
    wanted = shelf.concepts_of(actor.guild_id, ConceptRow.id == concept_id)
    (concept,) = await shelf.read(session, wanted)
    if concept.deleted_at is not None:
        raise NotFound(
            f"Nothing of {concept.token} was learned, and its name was given up. Teach it with "
            "/train, under that name if it is free."
            if concept.is_vacant
            else f"{concept.token} has been deleted. Bring it back, or teach it with /train."
        )
    check_may_change(actor, concept.owner_id, concept.name)
    check_not_in_training(concept)
    return concept


def _with_other_dice(request: TrainRequest) -> TrainRequest:
    return request.model_copy(update={"seed": _seed()})


def _same_again(known: Known) -> str:
    if known.fixed_seed is None:
        return "Nothing was changed, so this one learns with another seed."
    return (
        f"Nothing was changed, and this recipe always has the seed {known.fixed_seed}: on the same "
        "model the same comes out. A setting such as seed=7 changes that."
    )


def _seed() -> int:
    return secrets.randbelow(SEED_MAX + 1)


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


def _request(concept: Concept, wish: TrainWish, parents: tuple[StackEntry, ...]) -> TrainRequest:
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
        seed=_seed(),
    )
