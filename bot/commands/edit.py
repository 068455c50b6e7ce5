"""/edit: make a picture anew, as a whole or in part, or draw what lies around it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.commands.control_option import CHOICES, Guide, parse_guide, take_guide
from bot.commands.stack_option import complete_worn, parse_stack
from bot.intake import Ground
from bot.queueing import queue
from bot.replies import actor_of, channel_of, defer, require_voice
from bot.ui.card import custom_id
from bot.ui.modals import Form, PromptForm
from core.domain.drawing import Sampler, StartImage
from core.domain.requests import PROMPT_MAX, SEED_MAX, ImagineWish
from core.errors import InvalidInput
from core.services.again import ANEW_STRENGTH, AROUND_STRENGTH, LIKE_STRENGTH, MARGINS, Direction

if TYPE_CHECKING:
    from bot.client import Ask

DIRECTIONS: Mapping[Direction, str] = {
    Direction.AROUND: "zoom out 1.5×",
    Direction.FAR_AROUND: "zoom out 2×",
    Direction.LEFT: "to the left",
    Direction.RIGHT: "to the right",
    Direction.UP: "upwards",
    Direction.DOWN: "downwards",
}
OUTLIVED = "I was restarted while this form was open and have lost its picture. Please begin again."


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to an uploaded picture."""

    image: discord.Attachment
    mask: discord.Attachment | None
    strength: float | None
    expand: Direction | None
    guide: Guide | None


@app_commands.command(description="Change a picture, part of it, or draw what lies around it")
@app_commands.describe(
    image="The picture; what is transparent in it is drawn anew, the rest stays",
    prompt="What the new picture, or the new part, shows",
    mask="A picture that is white where something new goes, and black where all stays",
    expand="Draw more of the scene around the picture",
    strength="How much changes: 0.3 keeps most, 1 forgets what was there",
    negative="What should not be in it",
    count="How many pictures, 1 to 4",
    seed="The same seed and words give the same picture",
    steps="More steps take longer and may look finer",
    guidance="How closely to follow the words",
    sampler="How the noise is taken away",
    rescale="Takes back contrast that a high guidance adds, 0 to 1; 0.7 is usual",
    concepts="Concepts of this server with weights, with commas: xyz:0.8, kar",
    control="Follow the shapes in another picture, where a ControlNet is set up",
    control_image="The picture to follow",
    control_scale="How strictly to follow it, 1 unless you say so",
)
@app_commands.choices(
    control=CHOICES,
    expand=[Choice(name=label, value=value.value) for value, label in DIRECTIONS.items()],
    sampler=[Choice(name=sampler.value, value=sampler.value) for sampler in Sampler],
)
@app_commands.autocomplete(concepts=complete_worn)
async def edit(  # noqa: PLR0917  Discord's options are one flat list
    interaction: "Ask",
    image: discord.Attachment,
    prompt: Range[str, 1, PROMPT_MAX] | None = None,
    mask: discord.Attachment | None = None,
    expand: str | None = None,
    strength: Range[float, 0.05, 1.0] | None = None,
    negative: Range[str, 1, PROMPT_MAX] | None = None,
    count: Range[int, 1, 4] = 4,
    seed: Range[int, 0, SEED_MAX] | None = None,
    steps: Range[int, 1, 100] | None = None,
    guidance: Range[float, 1.0, 30.0] | None = None,
    sampler: str | None = None,
    rescale: Range[float, 0.0, 1.0] = 0.0,
    concepts: str | None = None,
    control: str | None = None,
    control_image: discord.Attachment | None = None,
    control_scale: Range[float, 0.05, 2.0] | None = None,
) -> None:
    """Take the options as a wish; ask for a prompt if there is none."""
    wish = ImagineWish(
        prompt=prompt or "",
        negative_prompt=negative or "",
        count=count,
        seed=seed,
        steps=steps,
        guidance=guidance,
        sampler=Sampler(sampler) if sampler else None,
        rescale=rescale,
        concepts=parse_stack(concepts or ""),
    )
    direction = Direction(expand) if expand else None
    guide = parse_guide(control, control_image, control_scale)
    asked = Change(image, mask, strength=strength, expand=direction, guide=guide)
    if prompt is None:
        await interaction.client.forms.show(interaction, _form(interaction.id, wish, asked))
    else:
        await change(interaction, wish, asked)


async def change(interaction: "Ask", wish: ImagineWish, asked: Change) -> None:
    """Check and store the pictures, then queue the wish."""
    require_voice(interaction)
    await defer(interaction)
    intake = interaction.client.intake
    ground = await intake.ground(asked.image, asked.mask)
    whole = replace(
        wish,
        start=StartImage(key=ground.key, strength=asked.strength or _usual(asked, ground)),
        mask=ground.mask,
        expand=MARGINS[asked.expand] if asked.expand else None,
        control=await take_guide(interaction, asked.guide),
    )
    imagining = interaction.client.services.imagining
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: imagining.request(actor, channel, whole))


def _usual(asked: Change, ground: Ground) -> float:
    """The strength for those who did not say."""
    if ground.mask or ground.transparent:
        return ANEW_STRENGTH
    return AROUND_STRENGTH if asked.expand else LIKE_STRENGTH


def _form(form_id: int, wish: ImagineWish, asked: Change) -> Form:
    return PromptForm(
        custom_id("change", form_id),
        partial(_written, wish, asked),
        negative=wish.negative_prompt,
    )


async def _written(
    wish: ImagineWish, asked: Change, interaction: "Ask", prompt: str, negative: str
) -> None:
    await change(interaction, replace(wish, prompt=prompt, negative_prompt=negative), asked)


async def _lost(_interaction: "Ask", _prompt: str, _negative: str) -> NoReturn:
    raise InvalidInput(OUTLIVED)


def _forgotten(form_id: int) -> Form:
    return PromptForm(custom_id("change", form_id), _lost)


COMMANDS: tuple[app_commands.Command[Any, ..., Any], ...] = (edit,)
FORMS = {"change": _forgotten}
