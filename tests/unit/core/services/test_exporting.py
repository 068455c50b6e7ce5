"""Concept versions as files for other tools."""

import pytest

from core.dispatch.messages import Exported
from core.domain.exports import ExportedFile, ExportForm
from core.domain.jobs import JobKind
from core.domain.people import Actor
from core.domain.requests import ExportRequest
from core.errors import Conflict, NotFound
from core.services.training import TrainWish
from tests.studio import CHANNEL, ConceptKind, Studio, key_of

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)
FILE = ExportedFile(name="xyz-v1.safetensors", key=key_of("file"), size_bytes=9, is_word=False)


async def export(studio: Studio, actor: Actor, name: str = "xyz", form=ExportForm.KOHYA):
    return await studio.services.exporting.start(actor, CHANNEL, name, form)


async def test_anyone_here_exports_the_version_in_use(studio: Studio) -> None:
    """The request pins it, so that a later version changes nothing."""
    concept = await studio.teach(ANNA, "xyz")
    submitted = await export(studio, BEN, "<XYZ>", ExportForm.DIFFUSERS)
    request = submitted.job.request
    assert isinstance(request, ExportRequest)
    assert concept.latest is not None
    assert (request.concept.artifact, request.number) == (concept.latest.artifact, 1)
    assert (request.form, request.taught_at) == (ExportForm.DIFFUSERS, concept.latest.created_at)


async def test_any_version_can_be_exported(studio: Studio) -> None:
    """By its number, whichever is in use; one that there is not queues nothing."""
    await studio.teach(ANNA, "xyz")
    concept = await studio.teach(ANNA, "xyz")
    start, kohya = studio.services.exporting.start, ExportForm.KOHYA
    for version in await studio.services.library.versions(concept):
        submitted = await start(BEN, CHANNEL, "xyz", kohya, number=version.number)
        request = submitted.job.request
        assert isinstance(request, ExportRequest)
        assert request.concept.version_id == version.id
        assert (request.concept.artifact, request.number) == (version.artifact, version.number)
        assert request.taught_at == version.created_at
    with pytest.raises(NotFound, match="no version 3"):
        await start(BEN, CHANNEL, "xyz", kohya, number=3)
    assert len(await studio.services.jobs.mine(BEN)) == 2


async def test_files_are_kept_for_the_guild_that_asked(studio: Studio) -> None:
    """They are there after the job, and for nobody else."""
    await studio.teach(ANNA, "xyz")
    submitted = await export(studio, ANNA)
    job = await studio.claim(JobKind.EXPORT)
    with pytest.raises(NotFound, match="no files"):
        await studio.services.exporting.files_of_job(1, job.id)
    await studio.services.results.finish(Exported(job.id, job.attempt, (FILE,), 0.5))
    assert await studio.services.exporting.files_of_job(1, submitted.job.id) == (FILE,)
    with pytest.raises(NotFound):
        await studio.services.exporting.files_of_job(STRANGER.guild_id, job.id)


async def test_what_is_not_there_cannot_be_exported(studio: Studio) -> None:
    """No concept of that name here, or none of its versions yet."""
    with pytest.raises(NotFound):
        await export(studio, ANNA)
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("a"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    with pytest.raises(Conflict, match="no trained version"):
        await export(studio, ANNA)
    with pytest.raises(NotFound):
        await export(studio, STRANGER)


async def test_exporting_does_not_keep_a_concept_from_being_taught(studio: Studio) -> None:
    """Only teaching and taking in make versions."""
    await studio.teach(ANNA, "xyz")
    await export(studio, ANNA)
    await studio.teach(ANNA, "xyz")
