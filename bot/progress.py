"""Status messages that follow their jobs: place, bar, estimate and preview."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
import structlog

from bot.errors import PASSING
from bot.ui.card import Card
from bot.ui.cards import status
from core.domain.jobs import Job, JobState
from core.errors import StorageFault

if TYPE_CHECKING:
    from bot.client import Atelier

log = structlog.get_logger(__name__)
POLL_S = 1.0
BETWEEN_EDITS_S = 2.5
"""Of one channel: Discord allows about five edits in five seconds, to the whole bot."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a status message says now."""

    content: str
    preview: str | None


class ProgressBoard:
    """Edits status messages, never more often than a channel bears, never after a job's end."""

    def __init__(self, client: "Atelier") -> None:
        self._client = client
        self._shown: dict[int, Shown] = {}
        self._edited_at: dict[int, float] = {}
        self._edits: dict[int, asyncio.Task[None]] = {}
        self._closed: set[int] = set()

    async def run(self) -> None:
        """Follow jobs until cancelled."""
        try:
            while True:
                await self._round()
                await self._client.bells.progress.wait(POLL_S)
                # Rings come with every step; what they would show is not due sooner than this.
                await asyncio.sleep(POLL_S / 4)
        finally:
            for task in self._edits.values():
                task.cancel()

    async def close(self, job_id: int) -> None:
        """The job has ended: stop editing its message, wait out an edit under way."""
        self._closed.add(job_id)
        self._shown.pop(job_id, None)
        if edit := self._edits.get(job_id):
            edit.cancel()
            await asyncio.wait([edit])

    async def _round(self) -> None:
        """Begin an edit for every job whose message is out of date and whose channel may."""
        active = await self._client.services.jobs.active()
        self._forget(active)
        for job in active:
            if job.id not in self._closed and job.id not in self._edits and self._may(job):
                await self._consider(job)

    async def _consider(self, job: Job) -> None:
        if job.status_message_id is None:
            return
        jobs = self._client.services.jobs
        place = await jobs.position(job) if job.state is JobState.QUEUED else 0
        card = status.status(job, position=place, eta_s=await jobs.eta_s(job))
        now = Shown(card.content, job.progress.preview if job.progress else None)
        before = self._shown.get(job.id)
        if now == before or job.id in self._closed:
            return
        self._edited_at[job.channel_id] = time.monotonic()
        channel = self._client.get_partial_messageable(job.channel_id)
        message = channel.get_partial_message(job.status_message_id)
        task = asyncio.create_task(self._show(job.id, message, card, now))
        self._edits[job.id] = task
        task.add_done_callback(lambda _: self._edits.pop(job.id, None))

    async def _show(
        self, job_id: int, message: discord.PartialMessage, card: Card, now: Shown
    ) -> None:
        change: dict[str, Any] = {"content": card.content, "view": card.view()}
        before = self._shown.get(job_id)
        try:
            if now.preview is not None and (before is None or before.preview != now.preview):
                change |= await self._picture(now.preview)
            await message.edit(**change)
            self._shown[job_id] = now
        except (discord.NotFound, discord.Forbidden):
            self._closed.add(job_id)  # the message is gone or out of reach: leave it at that
        except PASSING as error:
            # It does not count as shown, so the channel's next turn tries again.
            log.info("status not edited", job=job_id, error=repr(error))
        except discord.HTTPException as error:
            self._shown[job_id] = now  # Discord will not have these words; the next ones may do
            log.info("status refused", job=job_id, status=error.status, code=error.code)

    async def _picture(self, preview: str) -> dict[str, Any]:
        try:
            blob = await self._client.drawing.preview(preview)
        except StorageFault as fault:  # the words are worth telling without it
            log.warning("preview not shown", error=str(fault))
            return {}
        return {"attachments": Card(files=(blob,)).to_edit()["attachments"]}

    def _may(self, job: Job) -> bool:
        """The channel has rested; a job's first seconds are covered by its first message."""
        rested = time.monotonic() - self._edited_at.get(job.channel_id, 0.0) >= BETWEEN_EDITS_S
        age = discord.utils.utcnow() - job.created_at
        return rested and age.total_seconds() >= BETWEEN_EDITS_S / 2

    def _forget(self, active: Sequence[Job]) -> None:
        alive = {job.id for job in active}
        self._closed &= alive
        self._shown = {job_id: shown for job_id, shown in self._shown.items() if job_id in alive}
        channels = {job.channel_id for job in active}
        self._edited_at = {c: at for c, at in self._edited_at.items() if c in channels}
