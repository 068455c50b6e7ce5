"""What the bot posts, as a value: text, an embed, rows of controls, files."""

import io
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import discord

Style = Literal["primary", "secondary", "success", "danger"]
COLOUR = 0x6C5CE7
GOOD = 0x2ECC71
BAD = 0xE17055
FIELD_MAX = 1024
"""Characters that Discord allows in a field of an embed."""


class Blob(NamedTuple):
    """A file to attach."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Button:
    """A button; `a:<verb>:<id>` is all that is kept of it."""

    label: str
    verb: str
    id: int
    emoji: str | None = None
    style: Style = "secondary"
    at: int | None = None
    """The message that the button acts on, where it is not the one it sits on."""

    @property
    def custom_id(self) -> str:
        """What comes back when it is pressed."""
        return custom_id(self.verb, self.id, self.at)

    def item(self, row: int) -> discord.ui.Item[discord.ui.View]:
        """The same for discord.py."""
        return discord.ui.Button(
            label=self.label or None,
            custom_id=self.custom_id,
            emoji=self.emoji,
            style=discord.ButtonStyle[self.style],
            row=row,
        )


@dataclass(frozen=True, slots=True)
class Menu:
    """A drop-down menu of (value, label, description), one of which is chosen."""

    verb: str
    id: int
    placeholder: str
    options: tuple[tuple[str, str, str], ...]

    @property
    def custom_id(self) -> str:
        """What comes back, with the value, when something is chosen."""
        return custom_id(self.verb, self.id)

    def item(self, row: int) -> discord.ui.Item[discord.ui.View]:
        """The same for discord.py."""
        options = [
            discord.SelectOption(value=value, label=label[:100], description=about[:100] or None)
            for value, label, about in self.options
        ]
        return discord.ui.Select(
            custom_id=self.custom_id, placeholder=self.placeholder, options=options, row=row
        )


Row = tuple[Button | Menu, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One message. Making it does no I/O; sending it twice sends the same."""

    content: str = ""
    embed: discord.Embed | None = None
    rows: tuple[Row, ...] = ()
    files: tuple[Blob, ...] = field(default=(), repr=False)

    def view(self) -> discord.ui.View | None:
        """The rows for discord.py, which keeps no record of them: presses find `ui.buttons`."""
        if not self.rows:
            return None
        view = discord.ui.View(timeout=None)
        for index, row in enumerate(self.rows):
            for control in row:
                view.add_item(control.item(index))
        view.stop()
        return view

    def to_send(self) -> dict[str, Any]:
        """Arguments for a new message: only what there is."""
        whole: dict[str, Any] = {
            "content": self.content or None,
            "embed": self.embed,
            "view": self.view(),
            "files": self._attached() or None,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def to_edit(self) -> dict[str, Any]:
        """Arguments that make an existing message equal to this one."""
        return {
            "content": self.content or None,
            "embed": self.embed,
            "view": self.view(),
            "attachments": self._attached(),
        }

    def _attached(self) -> list[discord.File]:
        return [discord.File(io.BytesIO(blob.data), filename=blob.name) for blob in self.files]


def custom_id(verb: str, number: int, at: int | None = None) -> str:
    """The id of a control: `a:vary:123`, or `a:vary:123:456` with the message it acts on."""
    return f"a:{verb}:{number}" + (f":{at}" if at is not None else "")


def embed(text: str = "", *, title: str = "", colour: int = COLOUR) -> discord.Embed:
    """An embed in the house colour; `text` and `title` must be escaped already."""
    return discord.Embed(title=title or None, description=text or None, colour=colour)
