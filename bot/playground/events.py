"""The numbered stream of what people can see happen, and who may see which event."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bot.playground import permissions
from bot.playground.world import Channel, Message, World

Json = dict[str, Any]
KEPT = 20_000


@dataclass(frozen=True)
class Event:
    """One thing that happened, for the people in `only`, or for whoever sees the channel."""

    seq: int
    name: str
    channel: Channel | None = None
    guild_id: str | None = None
    message: Message | None = None
    only: frozenset[str] | None = None
    fields: Json = field(default_factory=dict)


class EventLog:
    """Keeps the last events and wakes whoever follows them."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._changed = asyncio.Event()
        self.seq = 0

    def publish(
        self,
        name: str,
        *,
        channel: Channel | None = None,
        guild_id: str | None = None,
        message: Message | None = None,
        only: frozenset[str] | None = None,
        **fields: Any,
    ) -> None:
        """Number an event and wake its followers."""
        self.seq += 1
        guild_id = channel.guild_id if channel else guild_id
        self._events.append(Event(self.seq, name, channel, guild_id, message, only, fields))
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def follow(self, since: int) -> AsyncIterator[Event]:
        """Every event after number `since`, those to come included; never ends by itself."""
        while True:
            changed = self._changed
            for event in self._after(since):
                since = event.seq
                yield event
            if since >= self.seq:
                await changed.wait()

    def _after(self, since: int) -> list[Event]:
        oldest = self.seq - len(self._events)
        return list(islice(self._events, max(0, since - oldest), None))


def sees(world: World, user_id: str, event: Event) -> bool:
    """Whether a person may see an event."""
    if event.only is not None:
        return user_id in event.only
    if event.channel is not None:
        return sees_channel(world, user_id, event.channel)
    return event.guild_id is None or user_id in world.guilds[event.guild_id].members


def sees_channel(world: World, user_id: str, channel: Channel) -> bool:
    """Whether a person may read a channel: own direct ones, and those of own guilds not denied."""
    guild = world.guild_of(channel)
    if guild is None:
        return user_id == channel.recipient_id
    member = guild.members.get(user_id)
    if member is None:
        return False
    granted = permissions.in_channel(guild, guild.channels.get(channel.id, channel), member)
    return bool(granted & permissions.BITS["view_channel"])


def sees_message(message: Message, user_id: str) -> bool:
    """Whether a message is not someone else's ephemeral one."""
    return message.ephemeral_to in {None, user_id}
