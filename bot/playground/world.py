"""The people, guilds, channels and messages of the playground, and nothing about HTTP."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]

TEXT, DM = 0, 1
EPHEMERAL, LOADING, VOICE, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 13, 1 << 15


@dataclass(frozen=True)
class User:
    """A person or a bot."""

    id: str
    username: str
    bot: bool = False


@dataclass(frozen=True)
class Role:
    """A role of a guild; `bot_id` marks the one that belongs to a bot."""

    id: str
    name: str
    permissions: int
    position: int = 0
    color: int = 0
    bot_id: str | None = None


@dataclass(frozen=True)
class Member:
    """A user in a guild."""

    user_id: str
    roles: tuple[str, ...]
    joined_at: float


@dataclass(frozen=True)
class Overwrite:
    """What one role (type 0) or member (type 1) is allowed and denied in a channel."""

    id: str
    type: int
    allow: int
    deny: int


@dataclass(frozen=True)
class Channel:
    """A text channel of a guild, or the direct channel of `recipient_id` with the bot."""

    id: str
    type: int
    name: str
    guild_id: str | None = None
    position: int = 0
    overwrites: tuple[Overwrite, ...] = ()
    recipient_id: str | None = None


@dataclass
class Guild:
    """A server: its roles (@everyone has the guild's id), members and channels."""

    id: str
    name: str
    owner_id: str
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)


@dataclass(frozen=True)
class Attachment:
    """A file of a message; its bytes are in the CDN under the same id."""

    id: str
    filename: str
    size: int
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    title: str | None = None
    description: str | None = None
    duration_secs: float | None = None
    waveform: str | None = None


@dataclass(frozen=True)
class Message:
    """One message as it stands; an edit makes a new value under the same id."""

    id: str
    channel_id: str
    author_id: str
    timestamp: float
    content: str = ""
    type: int = 0
    flags: int = 0
    edited: float | None = None
    attachments: tuple[Attachment, ...] = ()
    embeds: tuple[Json, ...] = ()
    components: tuple[Json, ...] = ()
    mentions: tuple[str, ...] = ()
    mention_roles: tuple[str, ...] = ()
    mention_everyone: bool = False
    reply_to: str | None = None
    nonce: str | int | None = None
    interaction: Json | None = None
    """Metadata of the interaction that this message answers (users as ids, see views)."""
    by_application: bool = False
    ephemeral_to: str | None = None
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class World:
    """All state, in memory. Ids are decimal strings; lookups return None for what is not there."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self._direct: dict[str, Channel] = {}
        self._messages: dict[str, dict[str, Message]] = {}

    def channel(self, channel_id: str) -> Channel | None:
        """A channel by id."""
        for channel in self.channels():
            if channel.id == channel_id:
                return channel
        return None

    def channels(self) -> Iterator[Channel]:
        """Every channel, direct ones first."""
        yield from self._direct.values()
        for guild in self.guilds.values():
            yield from guild.channels.values()

    def guild_of(self, channel: Channel) -> Guild | None:
        """The guild of a channel; None for direct ones."""
        return self.guilds.get(channel.guild_id) if channel.guild_id else None

    def guilds_of(self, user_id: str) -> list[Guild]:
        """The guilds that a user is in."""
        return [guild for guild in self.guilds.values() if user_id in guild.members]

    def open_direct(self, user_id: str, channel_id: str) -> Channel:
        """The direct channel of a user with the bot, made with `channel_id` if there is none."""
        channel = Channel(
            channel_id, DM, f"dm:{self.users[user_id].username}", recipient_id=user_id
        )
        return self._direct.setdefault(user_id, channel)

    def message(self, channel_id: str, message_id: str) -> Message | None:
        """A message by its channel and id."""
        return self._messages.get(channel_id, {}).get(message_id)

    def messages(self, channel_id: str) -> list[Message]:
        """Oldest first."""
        return list(self._messages.get(channel_id, {}).values())

    def last_message_id(self, channel_id: str) -> str | None:
        """The id of the newest message."""
        return next(reversed(self._messages.get(channel_id, {})), None)

    def keep(self, message: Message) -> None:
        """Add `message`, or put it in the place of the one with its id."""
        self._messages.setdefault(message.channel_id, {})[message.id] = message

    def drop(self, message: Message) -> None:
        """Remove a message."""
        self._messages.get(message.channel_id, {}).pop(message.id, None)

    def set_roles(self, guild: Guild, user_id: str, roles: Iterable[str]) -> Member:
        """Give a member exactly these roles."""
        member = replace(guild.members[user_id], roles=tuple(roles))
        guild.members[user_id] = member
        return member

    def set_overwrite(self, channel: Channel, overwrite: Overwrite) -> Channel:
        """`channel` with `overwrite` in the place of what its role or member had."""
        rest = tuple(one for one in channel.overwrites if one.id != overwrite.id)
        changed = replace(channel, overwrites=(*rest, overwrite))
        self.guilds[str(channel.guild_id)].channels[channel.id] = changed
        return changed
