"""One interaction, the modal it may show, and what comes of it."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from bot.playground.world import Channel, Message

Json = dict[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5


@dataclass(frozen=True)
class Modal:
    """A form shown to one person; submitting it is an interaction of its own."""

    id: str
    shown_by: "Interaction"
    definition: Json

    def as_json(self) -> Json:
        """The modal as a client shows it."""
        wanted = ("custom_id", "title", "components")
        return {"id": self.id, **{name: self.definition[name] for name in wanted}}


@dataclass(frozen=True)
class Outcome:
    """What came of an interaction; `kind` is one of those in CONTROL.md, or `choices`."""

    kind: str
    message: Message | None = None
    modal: Modal | None = None
    choices: tuple[Json, ...] = ()
    error: str | None = None


@dataclass(eq=False)
class Interaction:
    """One interaction and how far it has come."""

    id: str
    type: int
    name: str
    user_id: str
    channel: Channel
    data: Json
    about: Json
    opened_at: float
    created: float
    source: Message | None = None
    option_type: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(120))
    dies_when_acknowledged: bool = False
    expired: bool = False
    acknowledged_s: float | None = None
    token_died: bool = False
    original_id: str | None = None
    deferred: bool = False
    ephemeral: bool = False
    messages: set[str] = field(default_factory=set)
    outcome: asyncio.Future[Outcome] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
