"""/jobs: what the bot does for a person, and how to stop it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from discord import app_commands
from discord.app_commands import Choice

from bot.replies import actor_of, in_time, say, show, tell
from bot.ui.buttons import Pressed
from bot.ui.card import Card
from bot.ui.cards import status
from bot.ui.text import plain
from core.domain.jobs import Job, JobState
from core.services import Services

if TYPE_CHECKING:
    from bot.client import Ask

JOB_MAX = 2**53 - 1
jobs = app_commands.Group(name="jobs", description="What I am doing for you")


@jobs.command(name="list", description="Your jobs: what runs, what waits, what is done")
async def list_jobs(interaction: "Ask") -> None:
    """Show the person's own jobs."""
    await say(
        interaction, await in_time(interaction, _mine(interaction), ephemeral=True), ephemeral=True
    )


async def _complete(interaction: "Ask", current: int | str) -> list[Choice[int]]:
    mine = await interaction.client.services.jobs.mine(actor_of(interaction))
    alive = [job for job in mine if not job.state.ended and str(job.id).startswith(str(current))]
    return [Choice(name=_choice(job), value=job.id) for job in alive[:25]]


@jobs.command(description="Stop a job that waits or runs")
@app_commands.describe(number="The job's number, such as 12")
@app_commands.autocomplete(number=_complete)
async def cancel(interaction: "Ask", number: app_commands.Range[int, 1, JOB_MAX]) -> None:
    """Cancel by number."""
    services = interaction.client.services
    job = await in_time(
        interaction, services.jobs.cancel(actor_of(interaction), number), ephemeral=True
    )
    await say(interaction, _cancelled(job), ephemeral=True)


async def cancel_pressed(interaction: "Ask", pressed: Pressed) -> None:
    """The Cancel button of a status message or of the list."""
    services = interaction.client.services
    job = await services.jobs.cancel(actor_of(interaction), pressed.id)
    if interaction.message is not None and interaction.message.id == job.status_message_id:
        await show(interaction, _cancelled(job))
    else:
        await tell(interaction, _cancelled(job).content)


async def overview(services: Services, jobs: Sequence[Job]) -> list[tuple[Job, int, float | None]]:
    """Each job with its position and estimate."""

    async def one(job: Job) -> tuple[Job, int, float | None]:
        if job.state.ended:
            return job, 0, None
        waiting = job.state is JobState.QUEUED
        position = await services.jobs.position(job) if waiting else 0
        return job, position, await services.jobs.eta_s(job)

    return await asyncio.gather(*(one(job) for job in jobs))


async def _mine(interaction: "Ask") -> Card:
    services = interaction.client.services
    mine = await services.jobs.mine(actor_of(interaction))
    return status.jobs(await overview(services, mine))


def _cancelled(job: Job) -> Card:
    if job.state is JobState.RUNNING:
        return Card(content=f"**#{job.id}** · stopping…\n> {status.subject(job)}")
    return status.status(job)


def _choice(job: Job) -> str:
    return plain(f"#{job.id} {job.state.value} {job.kind.value}", 100)


COMMANDS = (jobs,)
HANDLERS = {"cancel": cancel_pressed}
