"""Deliveries → messages: everything that people are owed, after restarts too."""

import asyncio
from typing import TYPE_CHECKING, Any

import discord
import structlog

from bot import errors
from bot.drawing import repeat
from bot.orphans import find_status
from bot.queueing import remove
from bot.ui.card import Card
from bot.ui.cards import (
    comparison,
    concepts,
    evaluation,
    exports,
    fusion,
    pictures,
    solo,
    status,
    voice,
)
from core.domain.deliveries import Delivery
from core.domain.jobs import Job, JobKind, JobState
from core.domain.requests import (
    EvaluateRequest,
    ExportRequest,
    FuseRequest,
    ImportRequest,
    Purpose,
    TrainRequest,
)

if TYPE_CHECKING:
    from bot.client import Atelier

log = structlog.get_logger(__name__)
POLL_S = 1.0
"""How often to look without having been rung for: the way when bot and dispatcher run apart."""
AT_ONCE = 50
ATTEMPTS_MAX = 12
BACKOFF_MAX_S = 300.0
TOO_MANY_REQUESTS = 429
GONE = "The pictures of **#{}** have been deleted."
UPLOAD_MAX_BYTES = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
"""Where there is no guild whose limit counts."""


class Deliveries:
    """Posts what is due, each delivery in its own asyncio task so that none waits for another."""

    def __init__(self, client: "Atelier") -> None:
        self._client = client
        self._outbox = client.services.outbox
        self._since = discord.utils.utcnow()
        self._under_way: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Post deliveries until cancelled."""
        try:
            while True:
                for delivery in await self._outbox.due(AT_ONCE):
                    self._begin(delivery)
                await self._outbox.wait(POLL_S)
        finally:
            await self._finish_started()

    def _begin(self, delivery: Delivery) -> None:
        if delivery.id in self._under_way:
            return
        task = asyncio.create_task(self._attempt(delivery), name=f"delivery-{delivery.id}")
        self._under_way[delivery.id] = task
        task.add_done_callback(lambda _: self._under_way.pop(delivery.id, None))

    async def _finish_started(self) -> None:
        """What is being posted while the program drains gets a moment to end."""
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=5)
        for task in list(self._under_way.values()):
            task.cancel()

    async def _attempt(self, delivery: Delivery) -> None:
        with structlog.contextvars.bound_contextvars(job=delivery.job_id, delivery=delivery.id):
            try:
                await self._deliver(delivery)
            except errors.PASSING as error:
                await self._later(delivery, error)
            except discord.HTTPException as error:
                await self._refused(delivery, error)
            except Exception as error:  # noqa: BLE001  one bad delivery must not stop others
                errors.fault(error)
                await self._later(delivery, error)

    async def _deliver(self, delivery: Delivery) -> None:
        job = await self._client.services.jobs.get(delivery.guild_id, delivery.job_id)
        await self._client.progress.close(job.id)
        if job.state is JobState.CANCELLED:
            message_id = await self._close_cancelled(job)
        else:
            message_id = await self._post(delivery, job)
            # Before the delivery is ticked off: a crash in between leaves it to be done again.
            await self._remove_status(job)
        await self._outbox.posted(delivery.id, message_id)
        log.info("delivered", kind=job.kind.value, state=job.state.value)

    async def _post(self, delivery: Delivery, job: Job) -> int:
        """Post the result; the nonce keeps Discord from taking it twice."""
        card = await self._draw(job)
        content = card.to_send() | _answering(job) | {"nonce": delivery.nonce}
        channel = self._client.get_partial_messageable(delivery.channel_id)
        message: discord.Message = await channel.send(**content)
        return message.id

    async def _remove_status(self, job: Job) -> None:
        """Read anew: the status message may have been attached while the result was drawn."""
        job = await self._client.services.jobs.get(job.guild_id, job.id)
        message_id = await self._status_of(job)
        if message_id is not None:
            await remove(self._client, job.channel_id, message_id)

    async def _status_of(self, job: Job) -> int | None:
        """The noted status message; of a job from before this start, one that was not noted too."""
        if job.status_message_id is not None or job.created_at > self._since:
            return job.status_message_id
        return await find_status(self._client, job)

    async def _close_cancelled(self, job: Job) -> int:
        message_id = await self._status_of(job)
        if message_id is None:
            return 0
        channel = self._client.get_partial_messageable(job.channel_id)
        message = channel.get_partial_message(message_id)
        await message.edit(**status.status(job).to_edit())
        return message.id

    async def _draw(self, job: Job) -> Card:
        if job.state is JobState.FAILED:
            return status.failed(job)
        if job.kind is JobKind.IMAGINE:
            return await self._drawn(job)
        if isinstance(job.request, TrainRequest):
            return await self._learned(job, job.request)
        if isinstance(job.request, EvaluateRequest):
            return await self._evaluated(job, job.request)
        return await self._of_files(job)

    async def _of_files(self, job: Job) -> Card:
        if isinstance(job.request, ImportRequest):
            return await self._taken_in(job, job.request)
        if isinstance(job.request, FuseRequest):
            return await self._fused(job, job.request)
        if isinstance(job.request, ExportRequest):
            return await self._exported(job, job.request)
        return await self._heard(job)

    async def _drawn(self, job: Job) -> Card:
        images = await self._client.services.gallery.of_job(job.id)
        if not images:
            return Card(content=GONE.format(job.id))
        return pictures.result(job, images, await self._client.drawing.result(images))

    async def _learned(self, job: Job, request: TrainRequest) -> Card:
        version = await self._client.services.library.version_of_job(job.id)
        sheet = await self._client.drawing.sheet(version)
        images = await self._client.services.gallery.of_job(job.id)
        more = await self._client.drawing.learned(request, version, images)
        steps = await self._client.services.training.steps(version)
        return concepts.learned(
            request, version, sheet, job.id, more=more, has_steps=steps is not None
        )

    async def _taken_in(self, job: Job, request: ImportRequest) -> Card:
        version = await self._client.services.library.version_of_job(job.id)
        sheet = await self._client.drawing.sheet(version)
        return concepts.taken_in(request, version, sheet, job.id)

    async def _fused(self, job: Job, request: FuseRequest) -> Card:
        version = await self._client.services.library.version_of_job(job.id)
        sheet = await self._client.drawing.sheet(version)
        return fusion.fused(request, version, sheet, job.id)

    async def _exported(self, job: Job, request: ExportRequest) -> Card:
        guild = self._client.get_guild(job.guild_id)
        limit_bytes = guild.filesize_limit if guild else UPLOAD_MAX_BYTES
        files = await self._client.services.exporting.files_of_job(job.guild_id, job.id)
        blobs = await self._client.drawing.files(files, limit_bytes)
        return exports.exported(request, files, blobs, limit_bytes=limit_bytes)

    async def _evaluated(self, job: Job, request: EvaluateRequest) -> Card:
        services, drawing = self._client.services, self._client.drawing
        report = await services.evaluating.report_of_job(job.guild_id, job.id)
        images = await services.gallery.of_job(job.id)
        if not images:
            return Card(content=GONE.format(job.id))
        if request.purpose is Purpose.SOLO:
            return solo.strip(job, images, await drawing.solo(images))
        if request.purpose is Purpose.VERSIONS:
            file = await drawing.compared(request, images)
            versions = await services.library.versions_in(job.guild_id, request.stack)
            return comparison.compared(job, request, images, file, versions)
        if request.purpose is Purpose.BLIND:
            return evaluation.blind(job, request, images, await drawing.blind(request, images))
        again = repeat(request, report, images)
        if report.scores is None:
            files = (await drawing.best(images), again)
            return evaluation.seeds(job, request, report, images, files)
        course = await services.evaluating.course_of(job.guild_id, request)
        files = (await drawing.scores(request, report.scores, images, course), again)
        return evaluation.scored(job, request, report.scores, files)

    async def _heard(self, job: Job) -> Card:
        transcript = await self._client.services.voice.transcript_of_job(job.id)
        notes = await self._client.services.voice.cautions(transcript)
        return voice.heard(transcript, ask=transcript.answered_at is None, notes=notes)

    async def _later(self, delivery: Delivery, error: Exception) -> None:
        if delivery.attempts + 1 >= ATTEMPTS_MAX:
            log.error("delivery abandoned", error=type(error).__name__)
            await self._outbox.abandon(delivery.id)
            return
        after_s = min(BACKOFF_MAX_S, 2.0**delivery.attempts)
        log.warning("delivery delayed", error=type(error).__name__, after_s=after_s)
        await self._outbox.retry(delivery.id, after_s)

    async def _refused(self, delivery: Delivery, error: discord.HTTPException) -> None:
        """Discord will not have it: the channel is gone or closed, or the message is unfit."""
        if error.status == TOO_MANY_REQUESTS:
            await self._later(delivery, error)
            return
        log.error("delivery abandoned", status=error.status, code=error.code)
        await self._outbox.abandon(delivery.id)


def _answering(job: Job) -> dict[str, Any]:
    """Reply to the message that asked, where there is one and it still exists."""
    if job.reply_to is None:
        return {}
    reference = discord.MessageReference(
        message_id=job.reply_to, channel_id=job.channel_id, fail_if_not_exists=False
    )
    return {"reference": reference}
