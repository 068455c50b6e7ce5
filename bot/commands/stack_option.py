"""Options that name concepts, with weights or a version, completed from the guild's library, and
that say how concepts work together.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from discord import app_commands

from bot.replies import actor_of
from bot.ui.cards.concepts import version_words
from bot.ui.text import code, plain
from core.domain.concepts import WEIGHT_MAX, WEIGHT_MIN, concept_name
from core.domain.drawing import Stacking
from core.domain.requests import STACK_MAX
from core.errors import InvalidInput, UserError

if TYPE_CHECKING:
    from bot.client import Ask

CHOICE_MAX = 100
"""Characters that Discord allows in a choice."""
CHOICES_MAX = 25
Number = app_commands.Range[int, 1, 100_000]
"""Of a version."""
STACKINGS = [
    app_commands.Choice(name=label, value=way.value)
    for way, label in {
        Stacking.APART: "apart: each keeps to its own words and places",
        Stacking.SUM: "sum: each changes the whole picture",
        Stacking.SWITCH: "switch: one a step, in turn",
    }.items()
]


def parse_stack(text: str) -> tuple[tuple[str, float], ...]:
    """`xyz:0.8, kar` → (("xyz", 0.8), ("kar", 1.0)).

    Raises:
        InvalidInput: says which part cannot be read.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > STACK_MAX:
        raise InvalidInput(f"At most {STACK_MAX} concepts can be used at once.")
    return tuple(_entry(part) for part in parts)


def parse_names(text: str) -> tuple[str, ...]:
    """`xyz, kar` → ("xyz", "kar").

    Raises:
        InvalidInput: one of them cannot be a concept's name.
    """
    return tuple(concept_name(part) for part in text.split(",") if part.strip())


async def complete_stack(interaction: "Ask", current: str) -> list[app_commands.Choice[str]]:
    """Complete the last name of a list with commas."""
    return _completed(current, await _names(interaction, _last(current)))


async def complete_worn(interaction: "Ask", current: str) -> list[app_commands.Choice[str]]:
    """The same, with saved stacks among the names."""
    names = await _names(interaction, _last(current))
    stacks = await _stacks(interaction, _last(current))
    return _completed(current, both(names, stacks))


def both(names: Sequence[str], stacks: Sequence[str], room: int = CHOICES_MAX) -> list[str]:
    """As many of each as there is room for, and half of it for either where both are many."""
    kept = min(len(stacks), max(room // 2, room - len(names)))
    return [*names[: room - kept], *stacks[:kept]]


def _last(current: str) -> str:
    return current.rpartition(",")[2].strip()


def _completed(current: str, names: Sequence[str]) -> list[app_commands.Choice[str]]:
    done = current.rpartition(",")[0].strip()
    chosen = {part.split(":")[0].strip().lower() for part in done.split(",")}
    head = f"{done}, " if done else ""
    choices = [f"{head}{name}" for name in names if name not in chosen]
    return [app_commands.Choice(name=c, value=c) for c in choices if len(c) <= CHOICE_MAX]


async def complete_name(interaction: "Ask", current: str) -> list[app_commands.Choice[str]]:
    """Complete one concept's name."""
    names = await _names(interaction, current.strip())
    return [app_commands.Choice(name=name, value=name) for name in names]


async def complete_version(
    interaction: "Ask", current: int | str
) -> list[app_commands.Choice[int]]:
    """The versions of the concept that the option `name` names."""
    library = interaction.client.services.library
    guild_id = actor_of(interaction).guild_id
    try:
        concept = await library.find(guild_id, str(interaction.namespace.name or ""))
    except UserError:
        return []
    return [
        app_commands.Choice(name=plain(version_words(version), CHOICE_MAX), value=version.number)
        for version in (await library.versions(concept))[:CHOICES_MAX]
        if str(version.number).startswith(str(current))
    ]


async def complete_tag(interaction: "Ask", current: str) -> list[app_commands.Choice[str]]:
    """Complete a tag that concepts here have."""
    guild_id = actor_of(interaction).guild_id
    tags = await interaction.client.services.labels.tags(guild_id, current)
    return [app_commands.Choice(name=tag, value=tag) for tag in tags]


async def _stacks(interaction: "Ask", text: str) -> list[str]:
    guild_id = actor_of(interaction).guild_id
    return [one.name for one in await interaction.client.services.stacks.list(guild_id, text)]


async def _names(interaction: "Ask", text: str) -> list[str]:
    guild_id = actor_of(interaction).guild_id
    found = await interaction.client.services.library.complete(
        guild_id, text.lstrip("<"), CHOICES_MAX
    )
    return [concept.name for concept in found]


def _entry(part: str) -> tuple[str, float]:
    name, colon, weight = part.strip("<>").partition(":")
    if not colon:
        return concept_name(name), 1.0
    try:
        number = float(weight.strip().rstrip(">"))
    except ValueError:
        number = math.nan
    if not WEIGHT_MIN <= number <= WEIGHT_MAX:
        raise InvalidInput(
            f"I cannot read the weight in {code(part, 60)}. Write it as in `xyz:0.8`, from "
            f"{WEIGHT_MIN:g} to {WEIGHT_MAX:g}."
        )
    return concept_name(name), number
