"""The gateway: identifying, heartbeats, resuming, and the events that sessions have asked for."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from bot.playground.clock import Clock
from bot.playground.compression import compressor
from bot.playground.config import (
    GUILD_MEMBERS,
    MESSAGE_CONTENT,
    Application,
    Limits,
    PlaygroundConfig,
)
from bot.playground.event_schema import check_event
from bot.playground.events import EventLog
from bot.playground.faults import Faults
from bot.playground.ledger import Ledger
from bot.playground.protocol import (
    HEARTBEAT,
    HEARTBEAT_ACK,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    NOT_THE_BOTS_FAULT,
    PRESENCE,
    RECONNECT,
    REQUEST_MEMBERS,
    RESUME,
    SENDS_A_MINUTE,
    VOICE_STATE,
    Closed,
    decoded,
)
from bot.playground.schema import Schema
from bot.playground.sessions import (
    CONTENT,
    GUILDS,
    KNOWN_INTENTS,
    MEMBERS,
    PRESENCES,
    Connection,
    Session,
)
from bot.playground.views import Views
from bot.playground.world import Guild, World

Json = dict[str, Any]
Payload = Json | Callable[[Session], Json]

HEARTBEAT_ACK_DELAY_S = 0.02


class Gateway:
    """Serves the sockets of the bot and pushes events into its sessions."""

    def __init__(
        self,
        *,
        config: PlaygroundConfig,
        limits: Limits,
        application: Application,
        world: World,
        views: Views,
        schema: Schema,
        events: EventLog,
        ledger: Ledger,
        faults: Faults,
        clock: Clock,
        url: Callable[[], str],
    ) -> None:
        self._config = config
        self._limits = limits
        self._application = application
        self._world = world
        self._views = views
        self._schema = schema
        self._events = events
        self._ledger = ledger
        self._faults = faults
        self._clock = clock
        self._url = url
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()

    @property
    def online(self) -> bool:
        """Whether the bot has a session with an open socket."""
        return any(connection.session for connection in self._connections)

    def dispatch(
        self, event: str, data: Payload, *, intent: int = 0, guild_id: str | None = None
    ) -> None:
        """Push an event into every session that wants it; `data` may depend on the session."""
        if self._faults.take(["lost_event"], path=event):
            return
        self._forget_lost_sessions()
        for session in self._sessions.values():
            if session.wants(intent, guild_id):
                self._push(session, event, data(session) if callable(data) else data)

    def _push(self, session: Session, event: str, data: Json) -> None:
        if self._config.validate_answers:
            for path, what in check_event(self._schema, event, data):
                self._ledger.violation("event_schema", f"{event} {path}: {what}")
        session.push(event, data)

    def add_guild(self, guild: Guild) -> None:
        """Tell the sessions that the bot is in a guild."""
        self.dispatch(
            "GUILD_CREATE",
            self._guild_create(guild),
            intent=GUILDS,
            guild_id=guild.id,
        )

    async def act(self, action: str, code: int = 4000) -> int:
        """Do something to every open connection; returns to how many."""
        connections = list(self._connections)
        for connection in connections:
            if action == "drop":
                connection.cut()
            elif action == "reconnect":
                connection.send(RECONNECT)
            elif action == "invalidate":
                self._forget(connection)
                connection.send(INVALID_SESSION, False)
            else:
                await connection.ws.close(code=code)
        return len(connections)

    async def close(self) -> None:
        """Close every socket, as a stopping server does."""
        for connection in list(self._connections):
            await connection.ws.close(code=1001)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One socket, from HELLO to its end."""
        ws = web.WebSocketResponse(max_msg_size=1 << 20, compress=False)
        await ws.prepare(request)
        stream = compressor(request.query.get("compress", ""))
        connection = Connection(ws, stream, request.transport)
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._converse(connection, request.query.get("v", "10"))
        except Closed as closed:
            if closed.code not in NOT_THE_BOTS_FAULT:
                self._ledger.violation("gateway", str(closed), status=closed.code)
            self._lost(connection)
            await ws.close(code=closed.code, message=str(closed).encode())
        finally:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
            self._lost(connection)
        return ws

    async def _converse(self, connection: Connection, version: str) -> None:
        if version != "10":
            raise Closed(4012)
        interval_s = self._config.heartbeat_interval_s
        connection.send(HELLO, {"heartbeat_interval": int(interval_s * 1000)})
        times: deque[float] = deque(maxlen=SENDS_A_MINUTE)
        while True:
            try:
                frame = await connection.ws.receive(timeout=interval_s * 1.5)
            except TimeoutError:
                raise Closed(4009) from None
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            now = asyncio.get_running_loop().time()
            if len(times) == SENDS_A_MINUTE and now - times[0] < 60:
                raise Closed(4008)
            times.append(now)
            self._receive(connection, decoded(frame.data))

    def _receive(self, connection: Connection, payload: Json) -> None:
        op, data = payload["op"], payload.get("d")
        if op == HEARTBEAT:
            # Not at once: discord.py notes the time of sending in another thread, and an answer
            # from the same event loop can overtake it, which it then reports as a slow connection.
            loop = asyncio.get_running_loop()
            loop.call_later(HEARTBEAT_ACK_DELAY_S, connection.send, HEARTBEAT_ACK)
        elif op == IDENTIFY:
            self._identify(connection, data or {})
        elif op == RESUME:
            self._resume(connection, data or {})
        elif connection.session is None:
            raise Closed(4003)
        elif op == REQUEST_MEMBERS:
            self._send_members(connection.session, data or {})
        elif op not in (PRESENCE, VOICE_STATE):
            raise Closed(4001)

    def _identify(self, connection: Connection, data: Json) -> None:
        if connection.session:
            raise Closed(4005)
        self._authenticate(data)
        intents = self._checked_intents(data.get("intents"))
        number, total = data.get("shard") or (0, 1)
        if not 0 <= number < total:
            raise Closed(4010)
        session = Session(intents, (number, total), connection)
        connection.session = self._sessions[session.id] = session
        guilds = [
            guild
            for guild in self._world.guilds_of(self._application.bot_id)
            if session.wants(0, guild.id)
        ]
        self._push(session, "READY", self._ready(session, guilds, shard=data.get("shard")))
        for guild in guilds if intents & GUILDS else ():
            self._push(session, "GUILD_CREATE", self._guild_create(guild))
        self._events.publish("bot_status", online=True)

    def _ready(self, session: Session, guilds: list[Guild], *, shard: Any) -> Json:
        about = self._views.application()
        ready = {
            "v": 10,
            "user": self._views.me(),
            "session_type": "normal",
            "session_id": session.id,
            "resume_gateway_url": self._url(),
            "private_channels": [],
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "application": {"id": about["id"], "flags": about["flags"]},
        }
        return {**ready, "shard": shard} if shard else ready

    def _resume(self, connection: Connection, data: Json) -> None:
        self._authenticate(data)
        self._forget_lost_sessions()
        session = self._sessions.get(str(data.get("session_id")))
        if session is None:
            connection.send(INVALID_SESSION, False)
            return
        if session.connection:
            session.connection.session = None
        session.connection, session.lost_at, connection.session = connection, None, session
        if not session.replay(int(data.get("seq") or 0)):
            raise Closed(4007)
        self._push(session, "RESUMED", {"_trace": []})
        self._events.publish("bot_status", online=True)

    def _authenticate(self, data: Json) -> None:
        token = str(data.get("token", "")).removeprefix("Bot ")
        if token != self._config.token:
            raise Closed(4004)

    def _checked_intents(self, intents: Any) -> int:
        if not isinstance(intents, int) or not 0 <= intents <= KNOWN_INTENTS:
            raise Closed(4013)
        granted = self._application.privileged_intents
        refused = PRESENCES
        refused |= 0 if MESSAGE_CONTENT in granted else CONTENT
        refused |= 0 if GUILD_MEMBERS in granted else MEMBERS
        if intents & refused:
            raise Closed(4014)
        return intents

    def _guild_create(self, guild: Guild) -> Json:
        """Without the presences intent, the only member in it is the bot."""
        return self._views.guild_create(guild, [self._application.bot_id])

    def _send_members(self, session: Session, data: Json) -> None:
        guild = self._world.guilds.get(str(data.get("guild_id")))
        if guild is None or self._application.bot_id not in guild.members:
            return
        wanted, missing = self._requested(session, guild, data)
        chunk: Json = {
            "guild_id": guild.id,
            "members": [self._views.member(guild.members[one]) for one in wanted],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": missing,
        }
        if data.get("nonce") is not None:
            chunk["nonce"] = data["nonce"]
        self._push(session, "GUILD_MEMBERS_CHUNK", chunk)

    def _requested(self, session: Session, guild: Guild, data: Json) -> tuple[list[str], list[str]]:
        ids = data.get("user_ids")
        if ids is not None:
            ids = [str(one) for one in (ids if isinstance(ids, list) else [ids])]
            missing = [one for one in ids if one not in guild.members]
            return [one for one in ids if one in guild.members], missing
        prefix = str(data.get("query", "")).lower()
        if not prefix and not session.intents & MEMBERS:
            self._ledger.violation("gateway", "All members need the guild members intent.")
            return [], []
        names = self._world.users
        found = [one for one in guild.members if names[one].username.startswith(prefix)]
        return found[: data.get("limit") or None], []

    def _forget(self, connection: Connection) -> None:
        if connection.session:
            self._sessions.pop(connection.session.id, None)
            connection.session = None

    def _lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        session, connection.session = connection.session, None
        if session is None:
            return
        session.connection, session.lost_at = None, self._clock.now()
        if not self.online:
            self._events.publish("bot_status", online=False)

    def _forget_lost_sessions(self) -> None:
        oldest = self._clock.now() - self._limits.resume_window_s
        for session in list(self._sessions.values()):
            if session.lost_at is not None and session.lost_at < oldest:
                del self._sessions[session.id]
