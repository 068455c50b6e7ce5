"""POST, PATCH, PUT and DELETE calls: acting as a person."""

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

from bot.playground.acting import Acting
from bot.playground.clock import Clock
from bot.playground.control.body import Body, answer, query, read
from bot.playground.control.looking import shown
from bot.playground.directory import Directory
from bot.playground.events import EventLog
from bot.playground.interaction import Interaction, Outcome
from bot.playground.interactions import Interactions
from bot.playground.posting import Posting
from bot.playground.problems import ControlError
from bot.playground.views import Views
from bot.playground.voice import Voice, voice_of
from bot.playground.world import Channel, Message, User
from bot.playground.writing import Writing

MESSAGES = "/control/channels/{channel}/messages"
MESSAGE = f"{MESSAGES}/{{message}}"
REACTION = f"{MESSAGE}/reactions/{{emoji}}"


class Doing:
    """Reads what a person wants to do, has it done, and tells what happened."""

    def __init__(
        self,
        *,
        writing: Writing,
        acting: Acting,
        directory: Directory,
        interactions: Interactions,
        events: EventLog,
        views: Views,
        posting: Posting,
        clock: Clock,
    ) -> None:
        self._writing = writing
        self._acting = acting
        self._directory = directory
        self._interactions = interactions
        self._events = events
        self._views = views
        self._posting = posting
        self._clock = clock

    def table(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.post(MESSAGES, self.write),
            web.patch(MESSAGE, self.rewrite),
            web.delete(MESSAGE, self.delete),
            web.post("/control/channels/{channel}/voice", self.speak),
            web.post("/control/channels/{channel}/typing", self.type),
            web.put(REACTION, self.react),
            web.delete(REACTION, self.react),
            web.post("/control/run", self.run),
            web.post("/control/autocomplete", self.autocomplete),
            web.post("/control/press", self.press),
            web.post("/control/select", self.select),
            web.post("/control/modals/{modal}", self.submit),
        ]

    async def write(self, request: web.Request) -> web.Response:
        """Send a message."""
        body = await read(request)
        user, channel = self._who_where(request, body)
        uploads = [body.file(part) for part in body.listed("files")]
        reply_to = body.fields.get("reply_to")
        content = body.text("content", "")
        seq = self._events.seq
        message = self._writing.write(
            user, channel, content=content, uploads=uploads, reply_to=reply_to
        )
        return self._wrote(user, message, seq)

    async def speak(self, request: web.Request) -> web.Response:
        """Send a voice message."""
        body = await read(request)
        user, channel = self._who_where(request, body)
        upload = body.file(body.text("file", "file"))
        made = await asyncio.to_thread(voice_of, upload.data)
        duration = float(body.fields.get("duration_secs") or made.duration_secs)
        voice = Voice(made.data, duration, body.fields.get("waveform") or made.waveform)
        seq = self._events.seq
        reply_to = body.fields.get("reply_to")
        message = self._writing.speak(user, channel, voice, reply_to=reply_to)
        return self._wrote(user, message, seq)

    async def rewrite(self, request: web.Request) -> web.Response:
        """Edit an own message."""
        body = await read(request)
        user, channel = self._who_where(request, body)
        message = self._directory.message_for(user, channel, request.match_info["message"])
        seq = self._events.seq
        return self._wrote(user, self._writing.rewrite(user, message, body.text("content")), seq)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete or dismiss a message."""
        user, channel, message = self._message_of_query(request)
        seq = self._events.seq
        self._writing.delete(user, message, channel)
        return answer({"seq": seq})

    async def type(self, request: web.Request) -> web.Response:
        """Show that a person is typing."""
        user, channel = self._who_where(request, await read(request))
        seq = self._events.seq
        self._posting.type(channel, user.id, int(self._clock.now()))
        return answer({"seq": seq})

    async def react(self, request: web.Request) -> web.Response:
        """Add (PUT) or take away (DELETE) a reaction."""
        user, channel, message = self._message_of_query(request)
        seq = self._events.seq
        emoji, add = request.match_info["emoji"], request.method == "PUT"
        self._writing.react(user, message, channel, emoji, add=add)
        return answer({"seq": seq})

    async def run(self, request: web.Request) -> web.Response:
        """Run a command."""
        body = await read(request)
        user, channel = self._who(body), self._channel_of_body(body)
        return await self._outcome(
            user,
            lambda: self._acting.run(
                user,
                channel,
                name=body.text("command"),
                values=body.mapping("options"),
                files=body.files,
                target=body.fields.get("target"),
            ),
        )

    async def autocomplete(self, request: web.Request) -> web.Response:
        """Ask for an option's choices."""
        body = await read(request)
        user, channel = self._who(body), self._channel_of_body(body)
        started = time.perf_counter()
        interaction = self._acting.autocomplete(
            user,
            channel,
            name=body.text("command"),
            values=body.mapping("options"),
            focused=body.text("focused"),
        )
        outcome = await self._interactions.outcome(interaction)
        told = {"choices": list(outcome.choices), "elapsed_ms": _ms_since(started)}
        return answer({**told, "failed": outcome.error} if outcome.error else told)

    async def press(self, request: web.Request) -> web.Response:
        """Press a button."""
        body = await read(request)
        user, channel, message = self._message_of_body(body)
        custom_id, label = body.text("custom_id", ""), body.text("label", "")
        return await self._outcome(
            user,
            lambda: self._acting.press(user, message, channel, custom_id=custom_id, label=label),
        )

    async def select(self, request: web.Request) -> web.Response:
        """Choose in a select menu."""
        body = await read(request)
        user, channel, message = self._message_of_body(body)
        custom_id = body.text("custom_id")
        values = body.listed("values")
        return await self._outcome(
            user,
            lambda: self._acting.select(user, message, channel, custom_id=custom_id, values=values),
        )

    async def submit(self, request: web.Request) -> web.Response:
        """Submit a modal."""
        body = await read(request)
        user, modal_id = self._who(body), request.match_info["modal"]
        values = body.mapping("values")
        return await self._outcome(
            user, lambda: self._acting.submit(user, modal_id, values, body.files)
        )

    async def _outcome(self, user: User, begin: Callable[[], Interaction]) -> web.Response:
        """Begin an interaction and tell what the bot did with it."""
        seq, started = self._events.seq, time.perf_counter()
        interaction = begin()
        outcome = await self._interactions.outcome(interaction)
        return answer(
            {
                "outcome": outcome.kind,
                "interaction_id": interaction.id,
                "elapsed_ms": _ms_since(started),
                "seq": seq,
                "message": self._message(outcome, user),
                "modal": outcome.modal.as_json() if outcome.modal else None,
                "error": outcome.error,
            }
        )

    def _message(self, outcome: Outcome, user: User) -> object:
        return shown(self._views, outcome.message, user.id) if outcome.message else None

    def _wrote(self, user: User, message: Message, seq: int) -> web.Response:
        return answer({"message": shown(self._views, message, user.id), "seq": seq})

    def _who(self, body: Body) -> User:
        return self._directory.person(body.text("user"))

    def _who_where(self, request: web.Request, body: Body) -> tuple[User, Channel]:
        user = self._who(body)
        return user, self._directory.channel_for(user, request.match_info["channel"])

    def _channel_of_body(self, body: Body) -> Channel:
        return self._directory.channel_for(self._who(body), body.text("channel"))

    def _message_of_body(self, body: Body) -> tuple[User, Channel, Message]:
        user, channel = self._who(body), self._channel_of_body(body)
        return user, channel, self._directory.message_for(user, channel, body.text("message"))

    def _message_of_query(self, request: web.Request) -> tuple[User, Channel, Message]:
        user = self._directory.person(query(request, "user"))
        channel = self._directory.channel_for(user, request.match_info["channel"])
        message_id = request.match_info["message"]
        if not message_id.isdigit():
            raise ControlError("A message is named by its id.")
        return user, channel, self._directory.message_for(user, channel, message_id)


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
