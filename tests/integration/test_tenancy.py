"""A guild never sees, uses, completes or hears another guild's concepts, jobs or pictures.

Random sequences of what people do in several guilds, with the same few names everywhere, are
followed by a model of each guild; the guilds share one database, one queue and one worker.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from core.domain.concepts import Concept, tokens_in
from core.domain.exports import ExportForm
from core.domain.jobs import JobKind
from core.domain.people import Actor
from core.domain.requests import ImagineRequest, TrainRequest, TranscribeRequest
from core.errors import NotFound, UserError
from tests.studio import CHANNEL, Studio, key_of

GUILDS = st.sampled_from((1, 2, 3))
NAMES = ("kar", "lumo", "xyz")
NAME = st.sampled_from(NAMES)
STACK = st.sampled_from(("home", "look"))
TAGS = ("old", "new")
TAG = st.sampled_from(TAGS)
NOUN = "temple"

Value = TypeVar("Value")


@dataclass
class Guild:
    """What one guild has, as far as this test has seen to it."""

    concepts: dict[str, Concept] = field(default_factory=dict)
    deleted: dict[int, Concept] = field(default_factory=dict)
    jobs: list[int] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    transcripts: list[int] = field(default_factory=list)
    exports: list[int] = field(default_factory=list)
    stacks: dict[str, int] = field(default_factory=dict)
    """Name of a stack → the one concept in it."""
    tagged: set[tuple[str, int]] = field(default_factory=set)
    """Tags with the concepts that have them."""


class TenancyMachine(RuleBasedStateMachine):
    """Every guild is acted in by one moderator of it, who may do there whatever can be done."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.studio = Studio(Path(self.folder.name))
        self.runner = asyncio.Runner()
        self.guilds = {guild_id: Guild() for guild_id in (1, 2, 3)}

    def do(self, step: Coroutine[Any, Any, Value]) -> Value:
        return self.runner.run(step)

    def teardown(self) -> None:
        for guild_id in self.guilds:
            self.do(self._look(guild_id))
        self.do(self.studio.close())
        self.runner.close()
        self.folder.cleanup()

    @rule(guild_id=GUILDS, name=NAME)
    def teach(self, guild_id: int, name: str) -> None:
        """The first guild to take a name does not keep it from the others."""
        concept = self.do(self.studio.teach(actor(guild_id), name, NOUN))
        guild = self.guilds[guild_id]
        if name in guild.concepts:
            assert concept.id == guild.concepts[name].id
        assert concept.guild_id == guild_id
        guild.concepts[name] = concept

    @rule(guild_id=GUILDS, name=NAME, new=NAME)
    def rename(self, guild_id: int, name: str, new: str) -> None:
        """Renaming works within the guild's own names only."""
        guild = self.guilds[guild_id]
        renaming = self.studio.services.library.rename(actor(guild_id), name, new)
        if name not in guild.concepts or (new in guild.concepts and new != name):
            with pytest.raises(UserError):
                self.do(renaming)
            return
        guild.concepts[new] = self.do(renaming)
        if new != name:
            del guild.concepts[name]

    @rule(guild_id=GUILDS, name=NAME)
    def delete(self, guild_id: int, name: str) -> None:
        """Deleting reaches the guild's own concept only."""
        guild = self.guilds[guild_id]
        deleting = self.studio.services.library.delete(actor(guild_id), name)
        if name not in guild.concepts:
            with pytest.raises(NotFound):
                self.do(deleting)
            return
        concept = self.do(deleting)
        del guild.concepts[name]
        guild.deleted[concept.id] = concept

    @precondition(lambda self: any(guild.deleted for guild in self.guilds.values()))
    @rule(guild_id=GUILDS, data=st.data())
    def undelete(self, guild_id: int, data: st.DataObject) -> None:
        """Only the guild that deleted it can bring it back."""
        everyones = sorted(key for guild in self.guilds.values() for key in guild.deleted)
        concept_id = data.draw(st.sampled_from(everyones))
        guild = self.guilds[guild_id]
        undeleting = self.studio.services.library.undelete(actor(guild_id), concept_id)
        known = guild.deleted.get(concept_id)
        if known is None or known.name in guild.concepts:
            with pytest.raises(UserError):
                self.do(undeleting)
            return
        guild.concepts[known.name] = self.do(undeleting)
        del guild.deleted[concept_id]

    @rule(guild_id=GUILDS, names=st.lists(NAME, min_size=1, max_size=3), tokens=st.booleans())
    def imagine(self, guild_id: int, names: list[str], tokens: bool) -> None:
        """A prompt uses the guild's own versions; a name of another guild is a plain word."""
        guild = self.guilds[guild_id]
        prompt = " and ".join(f"<{name}>" if tokens else name for name in names)
        asking = self.studio.ask(actor(guild_id), prompt, 1)
        own = [name for name in dict.fromkeys(names) if name in guild.concepts]
        if tokens and set(names) - set(own):
            with pytest.raises(NotFound):
                self.do(asking)
            return
        submitted = self.do(asking)
        assert isinstance(submitted.job.request, ImagineRequest)
        assert tokens_in(submitted.job.request.prompt) == tuple(own)
        pinned = [(entry.concept_id, entry.version_id) for entry in submitted.stack]
        assert pinned == [version(guild.concepts[name]) for name in own]
        self.do(self.studio.work(JobKind.IMAGINE))
        made = self.do(self.studio.services.gallery.of_job(submitted.job.id))
        guild.images += [image.id for image in made]
        guild.jobs.append(submitted.job.id)

    @rule(guild_id=GUILDS, name=NAME)
    def hear(self, guild_id: int, name: str) -> None:
        """Speech knows the guild's own names and maps to nothing else."""
        guild = self.guilds[guild_id]
        voice = self.studio.services.voice
        submitted = self.do(voice.hear(actor(guild_id), CHANNEL, key_of("audio")))
        assert isinstance(submitted.job.request, TranscribeRequest)
        known = {word.concept_id: word.name for word in submitted.job.request.hotwords}
        assert known == {concept.id: concept.name for concept in guild.concepts.values()}
        said = f"a {name} {NOUN}"
        self.do(self.studio.work(JobKind.TRANSCRIBE, said=said))
        transcript = self.do(voice.transcript_of_job(submitted.job.id))
        expected = f"a <{name}> {NOUN}" if name in guild.concepts else said
        assert transcript.prompt == expected
        guild.transcripts.append(transcript.id)
        guild.jobs.append(submitted.job.id)

    @rule(guild_id=GUILDS, name=NAME, parent=NAME)
    def base_on(self, guild_id: int, name: str, parent: str) -> None:
        """Only the guild's own concepts can lie underneath."""
        guild = self.guilds[guild_id]
        teaching = self.studio.teach(actor(guild_id), name, NOUN, base_on=(parent,))
        if parent not in guild.concepts or parent == name:
            with pytest.raises(UserError):
                self.do(teaching)
            return
        concept = self.do(teaching)
        assert concept.latest is not None
        assert concept.latest.parents == (version(guild.concepts[parent])[1],)
        guild.concepts[name] = concept

    @rule(guild_id=GUILDS, stack=STACK, name=NAME)
    def save_stack(self, guild_id: int, stack: str, name: str) -> None:
        """A stack is made of the guild's own concepts."""
        guild = self.guilds[guild_id]
        saving = self.studio.services.stacks.save(actor(guild_id), stack, ((name, 1.0),))
        if name not in guild.concepts:
            with pytest.raises(NotFound):
                self.do(saving)
            return
        self.do(saving)
        guild.stacks[stack] = guild.concepts[name].id

    @rule(guild_id=GUILDS, stack=STACK)
    def use_stack(self, guild_id: int, stack: str) -> None:
        """A stack's name stands for the guild's own concepts, or for nothing."""
        guild = self.guilds[guild_id]
        asking = self.studio.ask(actor(guild_id), f"<{stack}>", 1)
        live = {concept.id for concept in guild.concepts.values()}
        if guild.stacks.get(stack) not in live:
            with pytest.raises(NotFound):
                self.do(asking)
            return
        submitted = self.do(asking)
        assert [entry.concept_id for entry in submitted.stack] == [guild.stacks[stack]]
        self.do(self.studio.work(JobKind.IMAGINE))

    @rule(guild_id=GUILDS, name=NAME, tag=TAG)
    def put_tag(self, guild_id: int, name: str, tag: str) -> None:
        """A tag is put on the guild's own concepts."""
        guild = self.guilds[guild_id]
        tagging = self.studio.services.labels.tag(actor(guild_id), name, tag)
        if name not in guild.concepts:
            with pytest.raises(NotFound):
                self.do(tagging)
            return
        self.do(tagging)
        guild.tagged.add((tag, guild.concepts[name].id))

    @rule(guild_id=GUILDS, name=NAME)
    def export(self, guild_id: int, name: str) -> None:
        """Only the guild's own concepts are handed out, and only to it."""
        guild, exporting = self.guilds[guild_id], self.studio.services.exporting
        ordering = exporting.start(actor(guild_id), CHANNEL, name, ExportForm.KOHYA)
        if name not in guild.concepts:
            with pytest.raises(NotFound):
                self.do(ordering)
            return
        submitted = self.do(ordering)
        self.do(self.studio.work(JobKind.EXPORT))
        self.do(exporting.files_of_job(guild_id, submitted.job.id))
        guild.exports.append(submitted.job.id)

    @precondition(lambda self: any(guild.images for guild in self.guilds.values()))
    @rule(guild_id=GUILDS, data=st.data())
    def press(self, guild_id: int, data: st.DataObject) -> None:
        """Buttons reach the guild's own pictures only."""
        everyones = [key for guild in self.guilds.values() for key in guild.images]
        image_id = data.draw(st.sampled_from(everyones))
        pressing = self.studio.services.imagining.vary(actor(guild_id), CHANNEL, image_id)
        if image_id not in self.guilds[guild_id].images:
            with pytest.raises(NotFound):
                self.do(pressing)
            return
        self.do(pressing)
        self.do(self.studio.work(JobKind.IMAGINE))

    async def _look(self, guild_id: int) -> None:
        """What a guild sees is what it made, and nothing that others made."""
        services, guild = self.studio.services, self.guilds[guild_id]
        seen = await services.library.list(guild_id)
        assert {(concept.id, concept.name) for concept in seen} == {
            (concept.id, concept.name) for concept in guild.concepts.values()
        }
        offered = await services.library.complete(guild_id, "")
        assert sorted(concept.name for concept in offered) == sorted(guild.concepts)
        assert {stack.name for stack in await services.stacks.list(guild_id)} == set(guild.stacks)
        for tag in TAGS:
            found = await services.library.list(guild_id, tag=tag)
            live = {concept.id for concept in guild.concepts.values()}
            assert {c.id for c in found} == {i for t, i in guild.tagged if t == tag and i in live}
        for job in await services.jobs.mine(actor(guild_id)):
            assert job.guild_id == guild_id
            if isinstance(job.request, TrainRequest):
                assert all(entry.concept_id in self._own(guild) for entry in job.request.parents)
        for other_id, other in self.guilds.items():
            if other_id != guild_id:
                await self._cannot_reach(guild_id, other)

    async def _cannot_reach(self, guild_id: int, other: Guild) -> None:
        services, stranger = self.studio.services, actor(guild_id)
        reaching = [
            *(services.gallery.details(stranger, image_id) for image_id in other.images[:2]),
            *(services.gallery.delete(stranger, image_id) for image_id in other.images[:2]),
            *(services.favourites.keep(stranger, image_id) for image_id in other.images[:2]),
            *(services.evaluating.solo(stranger, CHANNEL, key) for key in other.images[:2]),
            *(services.jobs.get(guild_id, job_id) for job_id in other.jobs[:2]),
            *(services.jobs.cancel(stranger, job_id) for job_id in other.jobs[:2]),
            *(services.voice.transcript(guild_id, key) for key in other.transcripts[:2]),
            *(services.voice.answer(stranger, key) for key in other.transcripts[:2]),
            *(services.exporting.files_of_job(guild_id, key) for key in other.exports[:2]),
            *(services.library.get(guild_id, concept.id) for concept in other.concepts.values()),
            *(
                services.versions.choose_one(stranger, version(concept)[1])
                for concept in other.concepts.values()
            ),
        ]
        for step in reaching:
            with pytest.raises(NotFound):
                await step

    @staticmethod
    def _own(guild: Guild) -> set[int]:
        return {concept.id for concept in guild.concepts.values()} | set(guild.deleted)


def actor(guild_id: int) -> Actor:
    """The same person moderates every guild, which must make no difference."""
    return Actor(guild_id=guild_id, user_id=10, moderates=True)


def version(concept: Concept) -> tuple[int, int]:
    """A concept's id and that of its newest version."""
    assert concept.latest is not None
    return concept.id, concept.latest.id


class TestTenancy(TenancyMachine.TestCase):  # type: ignore[misc,name-defined]
    """The machine as a test."""

    settings = settings(
        max_examples=10,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take minutes
    )


def test_a_near_name_of_another_guild_is_not_suggested(tmp_path: Path) -> None:
    """Even the hint in a refusal knows the guild's own names only."""

    async def check() -> str:
        studio = Studio(tmp_path)
        await studio.teach(actor(1), "lumo", NOUN)
        with pytest.raises(NotFound) as refused:
            await studio.ask(actor(2), "a <lumi> temple")
        await studio.close()
        return str(refused.value)

    with asyncio.Runner() as runner:
        assert "lumo" not in runner.run(check())
