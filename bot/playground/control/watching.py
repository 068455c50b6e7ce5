"""/control/events and /control/wait: what happens, as a person may see it."""

import asyncio
import json
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from bot.playground import components as parts
from bot.playground.control.body import answer, number, whole
from bot.playground.control.looking import shown
from bot.playground.directory import Directory
from bot.playground.events import Event, EventLog, sees
from bot.playground.views import Views
from bot.playground.world import LOADING, Message, User, World

Json = dict[str, Any]
LONGEST_WAIT_S = 120.0


class Watching:
    """Streams events, and waits for one."""

    def __init__(
        self, *, world: World, views: Views, events: EventLog, directory: Directory
    ) -> None:
        self._world = world
        self._views = views
        self._events = events
        self._directory = directory

    def table(self) -> list[web.RouteDef]:
        """The routes."""
        return [web.get("/control/events", self.stream), web.get("/control/wait", self.wait)]

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Every event that a person may see, one text frame each, until they leave."""
        user = self._viewer(request)
        since = whole(request, "since", self._events.seq)
        ws = web.WebSocketResponse(heartbeat=30)
        await ws.prepare(request)
        await ws.send_str(json.dumps({"event": "hello", "seq": self._events.seq}))
        sender = asyncio.create_task(self._send(ws, user, since))
        try:
            async for frame in ws:
                if frame.type is WSMsgType.ERROR:
                    break
        finally:
            sender.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await sender
        return ws

    async def wait(self, request: web.Request) -> web.Response:
        """The first event that matches, or that none came in time."""
        user = self._viewer(request)
        since = whole(request, "since", self._events.seq)
        timeout = min(number(request, "timeout", 10), LONGEST_WAIT_S)
        criteria = Criteria(request, self._directory)
        try:
            found = await asyncio.wait_for(self._first(since, user, criteria), timeout)
        except TimeoutError:
            return answer({"timed_out": True, "seq": self._events.seq})
        return answer({"timed_out": False, **self._view(found, user)})

    async def _send(self, ws: web.WebSocketResponse, user: User | None, since: int) -> None:
        async for event in self._events.follow(since):
            if user is None or sees(self._world, user.id, event):
                await ws.send_str(json.dumps(self._view(event, user)))

    async def _first(self, since: int, user: User | None, criteria: "Criteria") -> Event:
        async for event in self._events.follow(since):
            visible = user is None or sees(self._world, user.id, event)
            if visible and criteria.match(event):
                return event
        raise TimeoutError

    def _viewer(self, request: web.Request) -> User | None:
        reference = request.query.get("user")
        return self._directory.person(reference) if reference else None

    def _view(self, event: Event, user: User | None) -> Json:
        view: Json = {"seq": event.seq, "event": event.name, "guild_id": event.guild_id}
        if event.channel:
            view["channel_id"] = event.channel.id
        if event.message:
            viewer = user.id if user else event.message.author_id
            view["message"] = shown(self._views, event.message, viewer)
        return {**view, **event.fields}


class Criteria:
    """The parameters of /control/wait as a test on events."""

    def __init__(self, request: web.Request, directory: Directory) -> None:
        query = request.query
        self._names = query.get("event", "message_create,message_update").split(",")
        self._channel = directory.channel(query["channel"]).id if "channel" in query else None
        self._author = directory.user(query["author"]).id if "author" in query else None
        self._message = query.get("message")
        self._reply_to = query.get("reply_to")
        self._contains = query.get("contains", "").lower()
        self._attachments = whole(request, "attachments", 0)
        self._done = query.get("done") == "1"

    def match(self, event: Event) -> bool:
        """Whether an event is the one waited for."""
        if event.name not in self._names:
            return False
        if self._channel and event.channel and event.channel.id != self._channel:
            return False
        if self._message and self._message not in {
            event.message.id if event.message else None,
            event.fields.get("message_id"),
        }:
            return False
        return event.message is None or self._match_message(event.message)

    def _match_message(self, message: Message) -> bool:
        return (
            self._author in {None, message.author_id}
            and self._reply_to in {None, message.reply_to}
            and len(message.attachments) >= self._attachments
            and not (self._done and message.flags & LOADING)
            and self._contains in text_of(message).lower()
        )


def text_of(message: Message) -> str:
    """Everything a person can read in a message, one piece a line."""
    texts: list[str | None] = [message.content]
    for embed in message.embeds:
        texts += [embed.get("title"), embed.get("description")]
        texts += [(embed.get(part) or {}).get(name) for part, name in _EMBED_TEXTS]
        for field in embed.get("fields") or ():
            texts += [field["name"], field["value"]]
    for one in parts.walk(message.components):
        texts += [one.get("content"), one.get("label"), one.get("placeholder")]
    return "\n".join(text for text in texts if text)


_EMBED_TEXTS = (("footer", "text"), ("author", "name"))
