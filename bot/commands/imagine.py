"""/imagine: pictures from words, typed or spoken."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.commands.control_option import CHOICES, Guide, parse_guide, take_guide
from bot.commands.stack_option import STACKINGS, complete_worn, parse_stack
from bot.commands.voice import hear
from bot.queueing import queue
from bot.replies import actor_of, channel_of, defer, require_voice
from bot.ui.buttons import Pressed
from bot.ui.card import custom_id
from bot.ui.cards.concepts import example
from bot.ui.modals import Form, PromptForm
from core.domain.drawing import Aspect, Sampler, Stacking
from core.domain.requests import PROMPT_MAX, SEED_MAX, ImagineWish
from core.errors import InvalidInput

if TYPE_CHECKING:
    from bot.client import Ask

ASPECTS = {
    Aspect.SQUARE: "square 1:1",
    Aspect.PORTRAIT: "portrait 2:3",
    Aspect.LANDSCAPE: "landscape 3:2",
    Aspect.WIDE: "wide 16:9",
}
BOTH = "Give me either a prompt or a voice message, not both."


@app_commands.command(description="Draw pictures from a description, typed or spoken")
@app_commands.describe(
    prompt="What to draw; names of concepts as they are: xyz temple in a kar forest",
    negative="What should not be in it",
    count="How many pictures, 1 to 4",
    seed="The same seed and words give the same picture",
    steps="More steps take longer and may look finer",
    guidance="How closely to follow the words",
    aspect="The shape of the picture",
    sampler="How the noise is taken away; lcm and tcd are for models distilled to a few steps",
    concepts="Concepts of this server with weights, with commas: xyz:0.8, kar",
    stacking="How several concepts work together; apart unless you say so",
    hires="Draw once more at so many times the size, for finer detail",
    rescale="Takes back contrast that a high guidance adds, 0 to 1; 0.7 is usual",
    control="Follow the shapes in another picture, where a ControlNet is set up",
    control_image="The picture to follow",
    control_scale="How strictly to follow it, 1 unless you say so",
    exact="Draw alone, slower, so that the very same picture can be made again bit for bit",
    voice="A sound file that says what to draw, in place of a prompt",
)
@app_commands.choices(
    aspect=[Choice(name=label, value=aspect.value) for aspect, label in ASPECTS.items()],
    control=CHOICES,
    sampler=[Choice(name=sampler.value, value=sampler.value) for sampler in Sampler],
    stacking=STACKINGS,
)
@app_commands.autocomplete(concepts=complete_worn)
async def imagine(  # noqa: PLR0917  Discord's options are one flat list
    interaction: "Ask",
    prompt: Range[str, 1, PROMPT_MAX] | None = None,
    negative: Range[str, 1, PROMPT_MAX] | None = None,
    count: Range[int, 1, 4] = 4,
    seed: Range[int, 0, SEED_MAX] | None = None,
    steps: Range[int, 1, 100] | None = None,
    guidance: Range[float, 1.0, 30.0] | None = None,
    aspect: str | None = None,
    sampler: str | None = None,
    concepts: str | None = None,
    stacking: str | None = None,
    hires: Range[float, 1.25, 2.0] | None = None,
    rescale: Range[float, 0.0, 1.0] = 0.0,
    control: str | None = None,
    control_image: discord.Attachment | None = None,
    control_scale: Range[float, 0.05, 2.0] | None = None,
    exact: bool = False,
    voice: discord.Attachment | None = None,
) -> None:
    """Take the options as a wish; ask for a prompt if there is none."""
    wish = ImagineWish(
        prompt=prompt or "",
        negative_prompt=negative or "",
        count=count,
        seed=seed,
        steps=steps,
        guidance=guidance,
        aspect=Aspect(aspect) if aspect else Aspect.SQUARE,
        sampler=Sampler(sampler) if sampler else None,
        concepts=parse_stack(concepts or ""),
        stacking=Stacking(stacking) if stacking else Stacking.APART,
        hires=hires,
        rescale=rescale,
        exact=exact,
    )
    guide = parse_guide(control, control_image, control_scale)
    if voice is not None:
        await _spoken(interaction, wish, guide, voice)
    elif prompt is None:
        await interaction.client.forms.show(interaction, _form(interaction.id, wish, guide))
    else:
        await draw(interaction, wish, guide)


async def draw(interaction: "Ask", wish: ImagineWish, guide: Guide | None = None) -> None:
    """Queue the wish, with the picture that it follows in storage."""
    if guide is not None:
        require_voice(interaction)
        await defer(interaction)
        wish = replace(wish, control=await take_guide(interaction, guide))
    imagining = interaction.client.services.imagining
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: imagining.request(actor, channel, wish))


async def _spoken(
    interaction: "Ask", wish: ImagineWish, guide: Guide | None, voice: discord.Attachment
) -> None:
    if wish.prompt:
        raise InvalidInput(BOTH)
    await hear(interaction, voice, wish=wish, guide=guide)


def _form(form_id: int, wish: ImagineWish, guide: Guide | None = None) -> PromptForm:
    return PromptForm(
        custom_id("ask", form_id),
        partial(_written, wish, guide),
        prompt=wish.prompt,
        negative=wish.negative_prompt,
    )


async def _written(
    wish: ImagineWish, guide: Guide | None, interaction: "Ask", prompt: str, negative: str
) -> None:
    await draw(interaction, replace(wish, prompt=prompt, negative_prompt=negative), guide)


async def ask(interaction: "Ask", pressed: Pressed) -> None:
    """Open the form for a prompt, begun with a concept where the button belongs to one."""
    prompt = ""
    if pressed.id:
        guild_id = actor_of(interaction).guild_id
        prompt = example(await interaction.client.services.library.get(guild_id, pressed.id))
    wish = ImagineWish(prompt=prompt)
    await interaction.client.forms.show(interaction, _form(interaction.id, wish))


def _forgotten(form_id: int) -> Form:
    return _form(form_id, ImagineWish(prompt=""))


COMMANDS: tuple[app_commands.Command[Any, ..., Any], ...] = (imagine,)
HANDLERS = {"ask": ask}
FORMS = {"ask": _forgotten}
