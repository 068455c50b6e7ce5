"""/train: teach a subject or a style from pictures."""

from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.commands.settings_option import complete_settings
from bot.commands.stack_option import complete_worn, parse_names
from bot.queueing import queue
from bot.replies import actor_of, channel_of, defer, require_voice
from bot.ui.buttons import Pressed
from bot.ui.card import custom_id
from bot.ui.modals import Form, TeachForm, Teaching
from core.domain.changes import parse_changes
from core.domain.concepts import ConceptKind, class_noun, concept_name
from core.domain.recipes import CAPTION_MAX, STEPS_MAX, Preset
from core.errors import InvalidInput
from core.services.training import TrainWish

if TYPE_CHECKING:
    from bot.client import Ask

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif", ".heic", ".zip")
NO_PICTURES = "There are no pictures in that message. Choose one that has some, or use `/train`."
OUTLIVED = (
    "I was restarted while this form was open and have lost its pictures. Please begin again."
)
Picture = discord.Attachment | None
METHODS = {
    Preset.DREAMBOOTH_LORA: "dreambooth-lora: an adapter and a word; usual for large models",
    Preset.DREAMBOOTH_LORA_TEXT: "dreambooth-lora-text: adapters in the text encoders too",
    Preset.TEXTUAL_INVERSION: "textual-inversion: a word alone; usual for subjects, embedded model",
    Preset.PIVOTAL: "pivotal: the word first, then an adapter",
    Preset.DREAMBOOTH: "dreambooth: every weight of the model; largest",
    Preset.HYPERNETWORK: "hypernetwork: small nets beside attention",
    Preset.DIFFUSERS: "diffusers-dreambooth-lora: as diffusers' example does it",
    Preset.INVERSION_2000: "textual-inversion-2000: as published, 2,000 steps",
    Preset.PIVOTAL_PRODIGY: "pivotal-prodigy: pivotal, the rate found by itself",
    Preset.ORTHOGONAL: "orthogonal-lora: an adapter made to be added up with others",
}


@app_commands.command(description="Teach me a thing or a look from a handful of pictures")
@app_commands.describe(
    name="The word for it in prompts, such as xyz",
    class_noun="What it is in one plain word, such as temple",
    kind="A thing that can be placed, or a look",
    base_on="Concepts and stacks of this server that it builds on, with commas; they stay as is",
    steps="How long to learn; left out, I choose",
    zip_file="A zip of pictures; NAME-mask.png beside NAME.png: white is the part to learn",
    caption="What else all pictures show; one .txt beside each picture says it for that one",
    method="What learns; left out, what is best with the base model",
    settings="For the curious: settings of the recipe, such as rank=16, optimizer=prodigy",
)
@app_commands.rename(class_noun="class", zip_file="zip")
@app_commands.choices(
    kind=[
        Choice(name="a thing (subject)", value=ConceptKind.SUBJECT.value),
        Choice(name="a look (style)", value=ConceptKind.STYLE.value),
    ],
    method=[Choice(name=text, value=preset.value) for preset, text in METHODS.items()],
)
@app_commands.autocomplete(base_on=complete_worn, settings=complete_settings)
async def train(  # noqa: PLR0917  Discord's options are one flat list
    interaction: "Ask",
    name: Range[str, 1, 26] | None = None,
    class_noun: Range[str, 1, 40] | None = None,
    kind: str | None = None,
    image1: discord.Attachment | None = None,
    image2: discord.Attachment | None = None,
    image3: discord.Attachment | None = None,
    image4: discord.Attachment | None = None,
    image5: discord.Attachment | None = None,
    image6: discord.Attachment | None = None,
    image7: discord.Attachment | None = None,
    image8: discord.Attachment | None = None,
    image9: discord.Attachment | None = None,
    image10: discord.Attachment | None = None,
    zip_file: discord.Attachment | None = None,
    base_on: str | None = None,
    steps: Range[int, 1, STEPS_MAX] | None = None,
    method: str | None = None,
    caption: Range[str, 1, CAPTION_MAX] | None = None,
    settings: Range[str, 1, 500] | None = None,
) -> None:
    """Begin at once when all is there; ask for the rest in a form."""
    images = (image1, image2, image3, image4, image5, image6, image7, image8, image9, image10)
    teaching = Teaching(
        name=name or "",
        class_noun=class_noun or "",
        kind=ConceptKind(kind or ConceptKind.SUBJECT),
        base_on=base_on or "",
        steps=steps,
        pictures=tuple(file for file in (*images, zip_file) if file is not None),
        preset=Preset(method) if method else None,
        settings=settings or "",
        caption=caption or "",
    )
    if name and class_noun and teaching.pictures:
        await teach(interaction, teaching)
    else:
        await _show_form(interaction, teaching)


@app_commands.context_menu(name="Train from these pictures")
async def train_from(interaction: "Ask", message: discord.Message) -> None:
    """Ask for name and class of what a message's pictures show."""
    pictures = tuple(one for one in message.attachments if _is_picture(one))
    if not pictures:
        raise InvalidInput(NO_PICTURES)
    await _show_form(interaction, Teaching(pictures=pictures))


async def teach(interaction: "Ask", teaching: Teaching) -> None:
    """Check words first and pictures second, then queue the training."""
    name, noun = concept_name(teaching.name), class_noun(teaching.class_noun)
    base_on = parse_names(teaching.base_on)
    parse_changes(teaching.settings)
    if not teaching.pictures:
        raise InvalidInput(OUTLIVED)
    require_voice(interaction)
    await defer(interaction)
    taken = await interaction.client.intake.pictures(teaching.pictures)
    wish = TrainWish(
        name=name,
        class_noun=noun,
        kind=teaching.kind,
        pictures=taken.keys,
        base_on=base_on,
        steps=teaching.steps,
        preset=teaching.preset,
        settings=teaching.settings,
        captions=tuple(own or teaching.caption for own in taken.captions),
        masks=taken.masks,
    )
    training = interaction.client.services.training
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: training.start(actor, channel, wish), taken.notes)


async def open_form(interaction: "Ask", _: Pressed) -> None:
    """Open the empty form."""
    await _show_form(interaction, Teaching())


async def _show_form(interaction: "Ask", teaching: Teaching) -> None:
    await interaction.client.forms.show(interaction, _form(interaction.id, teaching))


def _form(form_id: int, teaching: Teaching) -> Form:
    return TeachForm(custom_id("teach", form_id), teach, teaching)


def _is_picture(attachment: discord.Attachment) -> bool:
    kind = attachment.content_type or ""
    return kind.startswith("image/") or attachment.filename.lower().endswith(PICTURES)


COMMANDS: tuple[Any, ...] = (train, train_from)
HANDLERS = {"teach": open_form}
FORMS = {"teach": partial(_form, teaching=Teaching())}
