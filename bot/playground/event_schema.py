"""Gateway events checked against the description of the REST API.

It describes no event, but most of them carry an object that REST answers with too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.playground.schema import Rule, Schema

MEMBER, MESSAGE, USER = "GuildMemberResponse", "MessageResponse", "UserResponse"
EACH = "*"
PARTS: Mapping[str, Mapping[str, str]] = {
    "READY": {"user": "UserPIIResponse"},
    "GUILD_CREATE": {
        "": "GuildResponse",
        "members.*": MEMBER,
        "channels.*": "GuildChannelResponse",
    },
    "GUILD_MEMBERS_CHUNK": {"members.*": MEMBER},
    "GUILD_MEMBER_UPDATE": {"": MEMBER},
    "GUILD_MEMBER_REMOVE": {"user": USER},
    "CHANNEL_UPDATE": {"": "GuildChannelResponse"},
    "TYPING_START": {"member": MEMBER},
    "MESSAGE_CREATE": {"": MESSAGE},
    "MESSAGE_UPDATE": {"": MESSAGE},
    "MESSAGE_REACTION_ADD": {"emoji": "MessageReactionEmojiResponse", "member": MEMBER},
    "MESSAGE_REACTION_REMOVE": {"emoji": "MessageReactionEmojiResponse"},
    "INTERACTION_CREATE": {
        "user": USER,
        "member": MEMBER,
        "message": MESSAGE,
        "data.resolved.users.*": USER,
        "data.resolved.messages.*": MESSAGE,
        "data.resolved.attachments.*": "MessageAttachmentResponse",
    },
}
"""Event → where in it which object of the description lies; a star stands for every item."""


def check_event(schema: Schema, event: str, data: Any) -> list[Rule]:
    """What is wrong with an event's parts: (dotted path, sentence) pairs."""
    return [
        (f"{path}.{where}".strip("."), what)
        for pattern, name in PARTS.get(event, {}).items()
        for path, part in _found(data, pattern.split(".") if pattern else [])
        for where, what in schema.check_object(name, part)
    ]


def _found(value: Any, steps: list[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every part that is there under these steps."""
    if not steps:
        yield path, value
        return
    step, *rest = steps
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in items:
        if step in {EACH, name}:
            yield from _found(inner, rest, f"{path}.{name}".strip("."))
