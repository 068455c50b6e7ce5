"""/concepts import and export: concepts that come from other tools, or go there."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.commands.concepts import Name, concepts
from bot.commands.stack_option import Number, complete_name, complete_version
from bot.queueing import queue
from bot.replies import actor_of, channel_of, defer, require_voice
from core.domain.concepts import ConceptKind, concept_name
from core.domain.concepts import class_noun as tidy_noun
from core.domain.exports import ExportForm
from core.services.importing import ImportWish

if TYPE_CHECKING:
    from bot.client import Ask

KINDS = [
    Choice(name="a thing (subject)", value=ConceptKind.SUBJECT.value),
    Choice(name="a look (style)", value=ConceptKind.STYLE.value),
]

FILE_FORMS = [
    Choice(name="A1111 and ComfyUI (kohya)", value=ExportForm.KOHYA.value),
    Choice(name="diffusers", value=ExportForm.DIFFUSERS.value),
]


@concepts.command(name="import", description="Take in a LoRA or an embedding from another tool")
@app_commands.describe(
    file="A .safetensors LoRA (kohya, diffusers, PEFT); an embedding or a hypernetwork as .pt too",
    name="The word for it in prompts, such as xyz",
    class_noun="What it is in one plain word, such as temple",
    kind="A thing that can be placed, or a look",
)
@app_commands.rename(class_noun="class")
@app_commands.choices(kind=KINDS)
async def import_concept(
    interaction: "Ask",
    file: discord.Attachment,
    name: Name,
    class_noun: Range[str, 1, 40],
    kind: str | None = None,
) -> None:
    """Check words first and the file's frame second, then queue the worker's own check."""
    name, noun = concept_name(name), tidy_noun(class_noun)
    require_voice(interaction)
    await defer(interaction)
    taken = await interaction.client.intake.weights(file)
    wish = ImportWish(
        name=name,
        class_noun=noun,
        kind=ConceptKind(kind or ConceptKind.SUBJECT),
        file=taken.key,
        file_name=taken.name,
    )
    importing = interaction.client.services.importing
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: importing.start(actor, channel, wish))


@concepts.command(name="export", description="Files of a concept for A1111, ComfyUI or diffusers")
@app_commands.autocomplete(name=complete_name)
@app_commands.autocomplete(version=complete_version)
@app_commands.describe(
    name="The concept's name",
    form="The tool that is to read them",
    version="The number of a version; left out, the one in use",
)
@app_commands.rename(form="format")
@app_commands.choices(form=FILE_FORMS)
async def export_concept(
    interaction: "Ask", name: Name, form: str, version: Number | None = None
) -> None:
    """Queue the writing of a version."""
    start = interaction.client.services.exporting.start
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: start(actor, channel, name, ExportForm(form), number=version))


HANDLERS: dict[str, Any] = {}
