"""The buttons of a training: once more, or to its end now."""

from typing import TYPE_CHECKING

from bot.queueing import queue
from bot.replies import actor_of, channel_of, show, tell
from bot.ui.buttons import Handler, Pressed
from bot.ui.card import custom_id
from bot.ui.cards import status
from bot.ui.modals import RetrainForm
from core.errors import InvalidInput
from core.services.training import Change

if TYPE_CHECKING:
    from bot.client import Ask

VERB = "retrain"


async def pressed_again(interaction: "Ask", pressed: Pressed) -> None:
    """Train again: at once what did not go well; else ask in a form what shall be different."""
    known = await interaction.client.services.training.known(
        actor_of(interaction).guild_id, pressed.id
    )
    if known.version is None:
        await _train(interaction, pressed.id, None)
        return
    steps, settings = str(known.change.steps or ""), known.change.settings
    form = RetrainForm(
        custom_id(VERB, pressed.id), sent_in, pressed.id, steps=steps, settings=settings
    )
    await interaction.client.forms.show(interaction, form)


async def sent_in(interaction: "Ask", job_id: int, steps: str, settings: str) -> None:
    """The form came back."""
    await _train(interaction, job_id, Change(_number(steps), settings))


async def pressed_end_early(interaction: "Ask", pressed: Pressed) -> None:
    """Stop and keep."""
    services = interaction.client.services
    job = await services.jobs.end_early(actor_of(interaction), pressed.id)
    card = status.status(job)
    if interaction.message is not None and interaction.message.id == job.status_message_id:
        await show(interaction, card)
    else:
        await tell(interaction, card.content)


async def _train(interaction: "Ask", job_id: int, change: Change | None) -> None:
    training = interaction.client.services.training
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: training.again(actor, channel, job_id, change))


def _number(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal():
        raise InvalidInput("The steps are a whole number, such as 400; or leave them out.")
    return int(text)


def _form(job_id: int) -> RetrainForm:
    return RetrainForm(custom_id(VERB, job_id), sent_in, job_id)


HANDLERS: dict[str, Handler] = {VERB: pressed_again, "endearly": pressed_end_early}
FORMS = {VERB: _form}
