"""The option `settings`: what a recipe can be told, with the values that it has now."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from discord.app_commands import Choice

from bot.commands.stack_option import CHOICE_MAX, CHOICES_MAX
from core.domain.changes import SETTINGS, choices_of, parts_of, written_value
from core.domain.concepts import ConceptKind
from core.domain.effects import idle
from core.domain.recipes import Preset, Recipe
from core.errors import InvalidInput

if TYPE_CHECKING:
    from bot.client import Ask


async def complete_settings(interaction: "Ask", current: str) -> list[Choice[str]]:
    """Complete what comes after the last comma; settings that do nothing here are left out."""
    try:
        head = parts_of(current)
    except InvalidInput:  # inside quotes people write what they like
        return []
    last = head.pop() if head and not current.rstrip().endswith(",") else ""
    recipe, before = _recipe(interaction), "".join(f"{part}, " for part in head)
    ends = _ends(last.lower(), recipe, {part.partition("=")[0].strip().lower() for part in head})
    texts = [before + end for end in ends if len(before + end) <= CHOICE_MAX]
    return [Choice(name=text, value=text) for text in texts[:CHOICES_MAX]]


def _ends(last: str, recipe: Recipe | None, chosen: set[str]) -> Sequence[str]:
    """Settings whose name has `last` in it, or the values of the one that it names already."""
    name, sign, _ = (piece.strip() for piece in last.partition("="))
    if sign:
        values = choices_of(name) if name in SETTINGS else ()
        return [end for value in values if (end := f"{name}={value}").startswith(last)]
    open_ones = [one for one in SETTINGS if name in one and one not in chosen]
    return [
        f"{one}={_value(recipe, one)}" for one in open_ones if not recipe or not idle(recipe, one)
    ]


def _value(recipe: Recipe | None, name: str) -> str:
    return written_value(getattr(recipe, name)) if recipe else ""


def _recipe(interaction: "Ask") -> Recipe | None:
    """Of what is filled in so far; None while the base model is not known."""
    options: Any = interaction.namespace
    kind, method = options.kind, options.method
    return interaction.client.services.training.usual(
        Preset(method) if method in set(Preset) else None,
        ConceptKind(kind) if kind in set(ConceptKind) else ConceptKind.SUBJECT,
        str(getattr(options, "class") or "").strip().lower(),
    )
