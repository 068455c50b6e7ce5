"""A bot's gateway sessions: what they have been sent, and what they are meant to get."""

import asyncio
import json
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.playground.compression import Compressor

Json = dict[str, Any]
REPLAYED = 2000

GUILDS, MEMBERS, GUILD_MESSAGES, GUILD_REACTIONS, GUILD_TYPING = 1, 1 << 1, 1 << 9, 1 << 10, 1 << 11
DIRECT_MESSAGES, DIRECT_REACTIONS, DIRECT_TYPING, CONTENT = 1 << 12, 1 << 13, 1 << 14, 1 << 15
PRESENCES = 1 << 8
KNOWN_INTENTS = (1 << 26) - 1


class Connection:
    """One open socket. Sending never waits: a writer task empties the queue in order."""

    def __init__(
        self,
        ws: web.WebSocketResponse,
        compressor: Compressor | None,
        transport: asyncio.Transport | None,
    ) -> None:
        self.ws = ws
        self._transport = transport
        self.session: Session | None = None
        self._compressor = compressor
        self._outbox: asyncio.Queue[str] = asyncio.Queue()

    def send(self, op: int, data: Any = None, **rest: Any) -> None:
        """Queue a payload that is not an event."""
        self.send_text(json.dumps({"op": op, "d": data, "s": None, "t": None, **rest}))

    def send_text(self, text: str) -> None:
        """Queue an encoded payload."""
        self._outbox.put_nowait(text)

    async def write(self) -> None:
        """Send what is queued, until cancelled or the socket is gone."""
        while not self.ws.closed:
            text = await self._outbox.get()
            try:
                if self._compressor:
                    await self.ws.send_bytes(self._compressor.compress(text.encode()))
                else:
                    await self.ws.send_str(text)
            except ConnectionError:
                return

    def cut(self) -> None:
        """Break the socket without a close frame, as a failing network does."""
        if self._transport:
            self._transport.abort()


@dataclass
class Session:
    """What one IDENTIFY began; it outlives its connections until it can no longer be resumed."""

    intents: int
    shard: tuple[int, int]
    connection: Connection | None
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    seq: int = 0
    lost_at: float | None = None
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAYED))

    def wants(self, intent: int, guild_id: str | None) -> bool:
        """Whether an event under `intent` in a guild (or none) goes to this session."""
        number, total = self.shard
        mine = (int(guild_id) >> 22) % total == number if guild_id else number == 0
        return mine and (self.intents & intent == intent)

    def push(self, event: str, data: Json) -> None:
        """Number an event, keep it for a resume, and send it if there is a connection."""
        self.seq += 1
        text = json.dumps({"op": 0, "d": data, "s": self.seq, "t": event})
        self.sent.append((self.seq, text))
        if self.connection:
            self.connection.send_text(text)

    def replay(self, after: int) -> bool:
        """Send again what came after number `after`; false if that is no longer known."""
        oldest = self.seq - len(self.sent)
        if self.connection is None or not oldest <= after <= self.seq:
            return False
        for seq, text in self.sent:
            if seq > after:
                self.connection.send_text(text)
        return True
