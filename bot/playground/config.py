"""What a playground is made with, and the limits that can be changed while it lives."""

from dataclasses import dataclass, field
from pathlib import Path

MESSAGE_CONTENT = "message_content"
GUILD_MEMBERS = "guild_members"


@dataclass(frozen=True)
class PlaygroundConfig:
    """How to listen, and what Discord's developer portal would hold about the application."""

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None
    """The address under which browsers reach the server, where it differs from host and port."""
    token: str = "playground"
    application_name: str = "Atelier"
    privileged_intents: frozenset[str] = frozenset({MESSAGE_CONTENT, GUILD_MEMBERS})
    validate_answers: bool = True
    """Check own answers and events against the OpenAPI description, not only the bot's requests."""
    heartbeat_interval_s: float = 41.25
    samples: Path | None = None
    """A folder of things to try, served under /samples."""


@dataclass
class Limits:
    """Discord's limits (its documentation's figures); `PATCH /control/limits` changes them."""

    ack_timeout_s: float = 3.0
    token_lifetime_s: float = 900.0
    url_lifetime_s: float = 86_400.0
    attachment_max_bytes: float = 10 * 1024 * 1024
    request_max_bytes: float = 25 * 1024 * 1024
    nonce_window_s: float = 300.0
    global_per_s: float = 50.0
    messages_per_5_s: float = 5.0
    resume_window_s: float = 300.0


@dataclass(frozen=True)
class Application:
    """The bot's application, as the developer portal names it."""

    id: str
    name: str
    bot_id: str
    owner_id: str
    privileged_intents: frozenset[str] = field(default_factory=frozenset)
