"""Who may teach concepts and who may use them."""

import pytest

from core.domain.exports import ExportForm
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.domain.requests import ImagineRequest, TranscribeRequest
from core.domain.speech import Transcript
from core.errors import InvalidInput, NotAllowed
from core.services.fusing import FuseWish
from core.services.versions import CompareWish
from tests.studio import CHANNEL, Studio, key_of
from tests.unit.core.services.test_importing import wish

PAINTER, GUEST = 501, 502
ANNA = Actor(guild_id=1, user_id=10, roles=frozenset({1, PAINTER}))
BEN = Actor(guild_id=1, user_id=11, roles=frozenset({1, GUEST}))
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
MANAGER = Actor(guild_id=1, user_id=13, moderates=True, manages=True)
STRANGER = Actor(guild_id=2, user_id=11)


async def test_everyone_may_until_somebody_says_otherwise(studio: Studio) -> None:
    """No roles are set to begin with."""
    await studio.teach(BEN, "xyz")
    await studio.draw(BEN, "a <xyz> temple")


async def test_teaching_takes_the_role(studio: Studio) -> None:
    """From pictures or from a file; drawing does not."""
    await studio.services.guilds.change(MANAGER, train_roles=(PAINTER,))
    for actor in (ANNA, MODERATOR):
        await studio.teach(actor, f"by{actor.user_id}")
    with pytest.raises(NotAllowed, match=rf"Teaching concepts takes the role <@&{PAINTER}>"):
        await studio.teach(BEN, "xyz")
    with pytest.raises(NotAllowed):
        await studio.services.importing.start(BEN, CHANNEL, wish("zed"))
    await studio.draw(BEN, "a <by10> temple")
    await studio.teach(STRANGER, "xyz")


async def test_using_concepts_takes_the_role(studio: Studio) -> None:
    """Wherever one is used; pictures without concepts are for everyone."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "xyz")
    image, *_ = await studio.draw(ANNA, "a <xyz> temple")
    await studio.services.guilds.change(MANAGER, use_roles=(PAINTER, 77))
    services = studio.services
    refused = (
        studio.ask(BEN, "a <xyz> temple"),
        services.imagining.vary(BEN, CHANNEL, image.id),
        services.imagining.redo(BEN, CHANNEL, image.job_id),
        services.exporting.start(BEN, CHANNEL, "xyz", ExportForm.KOHYA),
        services.versions.compare(BEN, CHANNEL, CompareWish("xyz", (1, 2))),
    )
    for asking in refused:
        with pytest.raises(NotAllowed, match=rf"Using concepts .* <@&{PAINTER}> or <@&77>"):
            await asking
    await studio.draw(BEN, "a temple")
    await studio.draw(ANNA, "a <xyz> temple")
    await studio.draw(MODERATOR, "a <xyz> temple")


async def test_building_on_concepts_uses_them(studio: Studio) -> None:
    """Who may teach but not use draws no concept by teaching on top of it or fusing it."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "kar")
    await studio.services.stacks.save(ANNA, "home", (("xyz", 1.0), ("kar", 1.0)))
    await studio.services.guilds.change(MANAGER, train_roles=(GUEST,), use_roles=(PAINTER,))
    with pytest.raises(NotAllowed, match=rf"in `base_on` too, takes the role <@&{PAINTER}>"):
        await studio.teach(BEN, "abc", base_on=("xyz",))
    with pytest.raises(NotAllowed, match=rf"to fuse them too, takes the role <@&{PAINTER}>"):
        await studio.services.fusing.start(BEN, CHANNEL, FuseWish("home", "duo"))
    await studio.teach(BEN, "abc")
    both = Actor(guild_id=1, user_id=14, roles=frozenset({GUEST, PAINTER}))
    await studio.services.fusing.start(both, CHANNEL, FuseWish("home", "duo"))
    await studio.teach(both, "def", base_on=("xyz",))


async def heard(studio: Studio, actor: Actor, said: str) -> tuple[Transcript, tuple[str, ...]]:
    """What a voice message was taken for, and what is said of it; the program restarts between."""
    submitted = await studio.services.voice.hear(actor, CHANNEL, key_of("audio"))
    await studio.close()
    studio.open()
    await studio.work(JobKind.TRANSCRIBE, said=said)
    transcript = await studio.services.voice.transcript_of_job(submitted.job.id)
    return transcript, await studio.services.voice.cautions(transcript)


async def test_who_may_use_concepts_may_say_them_too(studio: Studio) -> None:
    """Without the question a voice message is drawn at once with the rights of who sent it."""
    await studio.teach(ANNA, "kar", "forest")
    await studio.services.guilds.change(MANAGER, use_roles=(PAINTER,), ask_before_voice=False)
    for actor in (ANNA, MODERATOR):
        transcript, notes = await heard(studio, actor, "a temple in a car forest")
        assert transcript.answered_at is not None
        assert not any("role" in note for note in notes)
        job = await studio.work(JobKind.IMAGINE)
        assert job.user_id == actor.user_id
        assert isinstance(job.request, ImagineRequest)
        assert [entry.name for entry in job.request.stack] == ["kar"]


async def test_who_lacks_the_role_is_told_so_and_may_change_the_words(studio: Studio) -> None:
    """The question stays, with the reason once; plain words are drawn at once as ever."""
    await studio.teach(ANNA, "kar", "forest")
    await studio.services.guilds.change(MANAGER, use_roles=(PAINTER,), ask_before_voice=False)
    transcript, notes = await heard(studio, BEN, "a temple in a car forest")
    assert transcript.answered_at is None
    refusal = f"Using concepts takes the role <@&{PAINTER}> in this server."
    assert [note for note in notes if "role" in note] == [refusal]
    (job,) = await studio.services.jobs.mine(BEN)
    assert (job.kind, job.state) == (JobKind.TRANSCRIBE, JobState.SUCCEEDED)
    with pytest.raises(NotAllowed, match="takes the role"):
        await studio.services.voice.imagine(BEN, CHANNEL, transcript.id, None)
    await studio.services.voice.imagine(BEN, CHANNEL, transcript.id, "a temple in a forest")
    await studio.work(JobKind.IMAGINE)
    plain, notes = await heard(studio, BEN, "a temple in a forest")
    assert plain.answered_at is not None
    assert notes == ()


async def test_rights_are_those_from_when_the_message_was_sent(studio: Studio) -> None:
    """A role that counts only since then refuses what its sender has not; nothing is looked up."""
    await studio.teach(ANNA, "kar", "forest")
    await studio.services.guilds.change(MANAGER, ask_before_voice=False)
    sent = [
        (await studio.services.voice.hear(actor, CHANNEL, key_of("audio"))).job.id
        for actor in (ANNA, BEN)
    ]
    await studio.services.guilds.change(MANAGER, use_roles=(PAINTER,))
    for _ in sent:
        await studio.work(JobKind.TRANSCRIBE, said="a temple in a car forest")
    told = [await studio.services.voice.transcript_of_job(job_id) for job_id in sent]
    assert [transcript.answered_at is not None for transcript in told] == [True, False]


def test_a_voice_message_from_before_rights_were_kept_has_none() -> None:
    """A job that waited through an upgrade is read, and draws what everyone may."""
    request = TranscribeRequest.model_validate_json('{"audio": "a", "imagine_at_once": true}')
    assert (request.moderates, request.roles) == (False, frozenset())


async def test_only_manage_server_sets_roles(studio: Studio) -> None:
    """Moderators change other settings, not who may; ids are checked."""
    for actor in (ANNA, MODERATOR):
        with pytest.raises(NotAllowed, match="Manage Server"):
            await studio.services.guilds.change(actor, use_roles=(GUEST,))
    with pytest.raises(InvalidInput):
        await studio.services.guilds.change(MANAGER, use_roles=("painters",))
    with pytest.raises(InvalidInput):
        await studio.services.guilds.change(MANAGER, use_roles=tuple(range(26)))
    await studio.services.guilds.change(MODERATOR, ask_before_voice=False)
    await studio.services.guilds.change(MANAGER, use_roles=(GUEST,))
    await studio.services.guilds.change(MANAGER, use_roles=())
    assert (await studio.services.guilds.settings(1)).use_roles == ()
