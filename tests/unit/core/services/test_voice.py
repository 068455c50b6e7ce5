"""From a voice message to pictures."""

from dataclasses import replace

import pytest

from core.domain.drawing import Aspect, ControlImage, ControlKind
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.domain.requests import AS_USUAL, ImagineRequest, ImagineWish, TranscribeRequest
from core.domain.speech import Transcript
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound, UserError
from tests.studio import CHANNEL, Studio, answer, key_of

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)
AUDIO = key_of("audio")


async def hear(
    studio: Studio, said: str, actor: Actor = ANNA, wish: ImagineWish = AS_USUAL
) -> Transcript:
    submitted = await studio.services.voice.hear(actor, CHANNEL, AUDIO, wish=wish, reply_to=77)
    await studio.work(JobKind.TRANSCRIBE, said=said)
    return await studio.services.voice.transcript_of_job(submitted.job.id)


async def test_hotwords_of_the_guild_go_with_the_sound(studio: Studio) -> None:
    """The job carries the trained concepts of its own guild, as they are now."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(STRANGER, "secret")
    submitted = await studio.services.voice.hear(ANNA, CHANNEL, AUDIO)
    request = submitted.job.request
    assert isinstance(request, TranscribeRequest)
    assert [word.name for word in request.hotwords] == ["xyz"]
    assert not request.imagine_at_once


async def test_a_transcript_says_what_was_heard_and_understood(studio: Studio) -> None:
    """The heard words and the prompt with its changes are both kept."""
    await studio.teach(ANNA, "kar", "forest")
    transcript = await hear(studio, "a temple in car forest")
    assert transcript.heard == "a temple in car forest"
    assert transcript.prompt == "a temple in <kar> forest"
    assert [(change.heard, change.token) for change in transcript.changes] == [("car", "<kar>")]
    assert await studio.services.voice.transcript(1, transcript.id) == transcript
    with pytest.raises(NotFound):
        await studio.services.voice.transcript(2, transcript.id)


async def test_a_transcript_becomes_pictures_once(studio: Studio) -> None:
    """Imagine uses the understood prompt, answers the voice message, and works once."""
    await studio.teach(ANNA, "kar", "forest")
    transcript = await hear(studio, "a temple in car forest")
    submitted = await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, None)
    assert isinstance(submitted.job.request, ImagineRequest)
    assert submitted.job.request.prompt == "a temple in <kar> forest"
    assert submitted.job.reply_to == 77
    assert [entry.name for entry in submitted.stack] == ["kar"]
    with pytest.raises(Conflict, match="answered already"):
        await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, None)
    with pytest.raises(Conflict, match="answered already"):
        await studio.services.voice.answer(ANNA, transcript.id)


async def test_an_edited_prompt_is_what_is_drawn(studio: Studio) -> None:
    """What the person made of it wins over what was heard."""
    transcript = await hear(studio, "a tempel")
    submitted = await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, "a temple")
    assert isinstance(submitted.job.request, ImagineRequest)
    assert submitted.job.request.prompt == "a temple"


async def test_a_refused_wish_leaves_the_question_open(studio: Studio) -> None:
    """A prompt that cannot be drawn does not use the transcript up."""
    transcript = await hear(studio, "a temple")
    with pytest.raises(NotFound, match="<nope>"):
        await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, "a <nope> temple")
    with pytest.raises(InvalidInput, match="characters"):
        await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, "a" * 1001)
    submitted = await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, None)
    assert submitted.position == 1


async def test_cancelling_closes_the_question(studio: Studio) -> None:
    """An answer without pictures is an answer."""
    transcript = await hear(studio, "a temple")
    answered = await studio.services.voice.answer(ANNA, transcript.id)
    assert answered.answered_at is not None
    with pytest.raises(Conflict):
        await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, None)


async def test_who_may_answer(studio: Studio) -> None:
    """The one who asked and moderators, in that guild."""
    transcript = await hear(studio, "a temple")
    voice = studio.services.voice
    with pytest.raises(NotAllowed):
        await voice.answer(BEN, transcript.id)
    with pytest.raises(NotAllowed):
        await voice.imagine(BEN, CHANNEL, transcript.id, None)
    with pytest.raises(NotFound):
        await voice.imagine(STRANGER, CHANNEL, transcript.id, None)
    await voice.answer(MODERATOR, transcript.id)


async def test_silence_is_a_transcript_that_cannot_be_drawn(studio: Studio) -> None:
    """Nothing heard is told as that; typing a prompt still works."""
    transcript = await hear(studio, "")
    assert (transcript.heard, transcript.prompt) == ("", "")
    with pytest.raises(InvalidInput, match="Nothing was heard"):
        await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, None)
    await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, "a temple")


async def test_a_guild_can_skip_the_question(studio: Studio) -> None:
    """Without the question the pictures are queued with the transcript, in one step."""
    await studio.services.guilds.change(MODERATOR, ask_before_voice=False)
    transcript = await hear(studio, "a temple")
    assert transcript.answered_at is not None
    job, heard = await studio.services.jobs.mine(ANNA)
    assert (job.kind, job.state, job.reply_to) == (JobKind.IMAGINE, JobState.QUEUED, 77)
    assert (job.channel_id, job.user_id) == (heard.channel_id, heard.user_id)
    assert [due.job_id for due in await studio.services.outbox.due(10)] == [heard.id]


@pytest.mark.parametrize("prompt", [None, "a <kar> forest at night", "at once"])
async def test_what_was_asked_for_besides_the_words_is_drawn_too(
    studio: Studio, prompt: str | None
) -> None:
    """Options outlive a restart between the sound and its pictures, whoever writes the prompt."""
    await studio.teach(ANNA, "kar", "forest")
    at_once = prompt == "at once"
    await studio.services.guilds.change(MODERATOR, ask_before_voice=not at_once)
    wish = replace(
        AS_USUAL,
        negative_prompt="fog",
        count=2,
        seed=9,
        steps=12,
        guidance=4.5,
        aspect=Aspect.WIDE,
        concepts=(("kar", 0.6),),
        exact=True,
    )
    await studio.services.voice.hear(ANNA, CHANNEL, AUDIO, wish=wish, reply_to=77)
    await studio.close()
    studio.open()
    heard = await studio.work(JobKind.TRANSCRIBE, said="a house in a car forest")
    if not at_once:
        transcript = await studio.services.voice.transcript_of_job(heard.id)
        await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, prompt)
    job = await studio.claim(JobKind.IMAGINE)
    request = job.request
    assert isinstance(request, ImagineRequest)
    assert "<kar> forest" in request.prompt
    assert (request.seeds, request.exact, job.reply_to) == ((9, 10), True, 77)
    assert (request.num_inference_steps, request.guidance_scale) == (12, 4.5)
    assert (request.negative_prompt, request.aspect) == ("fog", Aspect.WIDE)
    assert [(entry.name, entry.weight) for entry in request.stack] == [("kar", 0.6)]


async def test_what_cannot_be_granted_is_refused_before_the_sound_is_heard(studio: Studio) -> None:
    """Whatever the words will be: nothing is spent on them, and nobody has to say them again."""
    refusals = {
        "<nope>": replace(AS_USUAL, concepts=(("nope", 1.0),)),
        "guidance": replace(AS_USUAL, guidance=99.0),
        "edges": replace(AS_USUAL, control=ControlImage(kind=ControlKind.EDGES, key=key_of("e"))),
    }
    for told, wish in refusals.items():
        with pytest.raises(UserError, match=told):
            await studio.services.voice.hear(ANNA, CHANNEL, AUDIO, wish=wish)
    assert not await studio.services.jobs.mine(ANNA)


@pytest.mark.parametrize(("said", "why"), [("", []), ("a" * 1001, ["The prompt is 1001"])])
async def test_what_cannot_be_drawn_at_once_stays_a_question(
    studio: Studio, said: str, why: list[str]
) -> None:
    """The transcript is kept and told with the reason, no job is queued, the buttons stay."""
    await studio.services.guilds.change(MODERATOR, ask_before_voice=False)
    transcript = await hear(studio, said)
    assert transcript.answered_at is None
    notes = await studio.services.voice.cautions(transcript)
    assert [note[: len("The prompt is 1001")] for note in notes] == why
    (heard,) = await studio.services.jobs.mine(ANNA)
    assert heard.state is JobState.SUCCEEDED


async def test_a_full_queue_is_told_where_pictures_were_to_follow(studio: Studio) -> None:
    """What passes is said as it was when the message was heard, though it may be over by now."""
    await studio.services.guilds.change(MODERATOR, ask_before_voice=False)
    submitted = await studio.services.voice.hear(ANNA, CHANNEL, AUDIO)
    job = await studio.claim(JobKind.TRANSCRIBE)
    for _ in range(20):
        await studio.ask(ANNA)
    await studio.services.results.finish(answer(job))
    await studio.work(JobKind.IMAGINE)
    transcript = await studio.services.voice.transcript_of_job(submitted.job.id)
    (note,) = await studio.services.voice.cautions(transcript)
    assert note.startswith("You have 20 jobs waiting.")
    await studio.services.voice.imagine(ANNA, CHANNEL, transcript.id, None)


async def test_an_unheard_job_has_no_transcript(studio: Studio) -> None:
    """Asking too early says so."""
    submitted = await studio.services.voice.hear(ANNA, CHANNEL, AUDIO)
    with pytest.raises(NotFound):
        await studio.services.voice.transcript_of_job(submitted.job.id)
