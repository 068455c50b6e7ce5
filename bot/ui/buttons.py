"""Buttons and menus that work after any restart: all state is in the database and the custom id."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import discord

from bot import errors
from bot.replies import tell

if TYPE_CHECKING:
    from bot.client import Ask, Atelier

TEMPLATE = re.compile(r"a:(?P<verb>[a-z]+):(?P<id>\d{1,20})(?::(?P<at>\d{1,20}))?")
UNKNOWN = "I do not know this button any more. The newest message of mine has the ones that work."


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a press says."""

    id: int
    at: int | None
    values: tuple[str, ...]


Handler = Callable[["Ask", Pressed], Awaitable[None]]
Handlers = Mapping[str, Handler]


class Press(discord.ui.DynamicItem[discord.ui.Item[discord.ui.View]], template=TEMPLATE):
    """Any control of Atelier, made again from its custom id when it is used."""

    def __init__(self, item: discord.ui.Item[Any], verb: str, pressed: Pressed) -> None:
        super().__init__(item)
        self.verb = verb
        self.pressed = pressed

    @classmethod
    async def from_custom_id(
        cls,
        interaction: "discord.Interaction[Atelier]",  # type: ignore[override]
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Read the custom id and what was chosen."""
        data: Any = interaction.data
        values = tuple(data.get("values", ()))
        at = int(match["at"]) if match["at"] else None
        return cls(item, match["verb"], Pressed(int(match["id"]), at, values))

    async def callback(self, interaction: "discord.Interaction[Atelier]") -> None:  # type: ignore[override]
        """Call the verb's handler; the person always gets an answer."""
        handler = interaction.client.handlers.get(self.verb)
        if handler is None:
            await tell(interaction, UNKNOWN)
            return
        try:
            await handler(interaction, self.pressed)
        except Exception as error:  # noqa: BLE001  the border between buttons and the rest
            await errors.answer(interaction, error)
