"""/channels/{channel_id}/messages…: reading, posting, editing, deleting, reacting, typing."""

from typing import Any

from bot.playground import problems
from bot.playground.clock import Clock
from bot.playground.compose import Composer
from bot.playground.config import MESSAGE_CONTENT, Application, Limits
from bot.playground.posting import Posting, without_content
from bot.playground.rest import NOTHING, Answer, Call, Route
from bot.playground.routes.access import Access
from bot.playground.views import Views
from bot.playground.world import DM, Channel, Message, World

Json = dict[str, Any]
CHANNEL = "/channels/{channel_id}"
MESSAGES = f"{CHANNEL}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"
REACTION = f"{MESSAGE}/reactions/{{emoji_name}}"
OLD_S = 3600
OLD_EDITS = 30  # Discord does not say how many; the answer (30046) is documented
WINDOW_S = 3600


class MessageRoutes:
    """Messages as the bot writes and reads them."""

    def __init__(
        self,
        *,
        access: Access,
        world: World,
        views: Views,
        composer: Composer,
        posting: Posting,
        application: Application,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._access = access
        self._world = world
        self._views = views
        self._composer = composer
        self._posting = posting
        self._application = application
        self._limits = limits
        self._clock = clock
        self._old_edits: dict[str, list[float]] = {}

    def table(self) -> list[Route]:
        """The routes."""
        return [
            Route("GET", CHANNEL, self.channel),
            Route("GET", MESSAGES, self.history),
            Route("POST", MESSAGES, self.create),
            Route("POST", f"{MESSAGES}/bulk-delete", self.bulk_delete),
            Route("GET", MESSAGE, self.get),
            Route("PATCH", MESSAGE, self.edit),
            Route("DELETE", MESSAGE, self.delete),
            Route("PUT", f"{REACTION}/@me", self.react),
            Route("DELETE", f"{REACTION}/@me", self.unreact),
            Route("POST", f"{CHANNEL}/typing", self.typing),
        ]

    def channel(self, call: Call) -> Answer:
        """GET a channel."""
        return Answer(self._views.channel(self._access.channel(call.params["channel_id"])))

    def history(self, call: Call) -> Answer:
        """GET messages, newest first."""
        channel = self._access.channel(call.params["channel_id"], "read_message_history")
        messages = [one for one in self._world.messages(channel.id) if not one.ephemeral_to]
        limit = int(call.query.get("limit", 50))
        if "before" in call.query:
            messages = [one for one in messages if int(one.id) < int(call.query["before"])]
        if "after" in call.query:
            messages = [one for one in messages if int(one.id) > int(call.query["after"])][:limit]
        return Answer([self._view(one, channel) for one in reversed(messages[-limit:])])

    def get(self, call: Call) -> Answer:
        """GET one message."""
        channel = self._access.channel(call.params["channel_id"], "read_message_history")
        message = self._access.message(channel.id, call.params["message_id"])
        return Answer(self._view(message, channel))

    def create(self, call: Call) -> Answer:
        """POST a message; with `enforce_nonce` a repeated one is answered with the first."""
        body = call.body
        channel = self._writable(call)
        twin = self._twin(channel, body.get("nonce")) if body.get("enforce_nonce") else None
        if twin:
            return Answer(self._views.message(twin))
        author = self._application.bot_id
        message = self._composer.draft(body, call.files, channel=channel, author_id=author)
        return Answer(self._views.message(self._posting.send(message)))

    def edit(self, call: Call) -> Answer:
        """PATCH an own message."""
        message = self._access.own_message(call.params["channel_id"], call.params["message_id"])
        self._count_old_edit(message)
        changed = self._composer.revise(message, call.body, call.files)
        return Answer(self._views.message(self._posting.change(changed)))

    def delete(self, call: Call) -> Answer:
        """DELETE a message."""
        self._posting.remove(
            self._access.deletable(call.params["channel_id"], call.params["message_id"])
        )
        return NOTHING

    def bulk_delete(self, call: Call) -> Answer:
        """DELETE up to 100 messages at once."""
        channel = self._access.channel(call.params["channel_id"], "manage_messages")
        for message_id in call.body["messages"]:
            message = self._world.message(channel.id, message_id)
            if message:
                self._posting.remove(message)
        return NOTHING

    def react(self, call: Call) -> Answer:
        """PUT an own reaction."""
        return self._reaction(call, add=True)

    def unreact(self, call: Call) -> Answer:
        """DELETE an own reaction."""
        return self._reaction(call, add=False)

    def typing(self, call: Call) -> Answer:
        """POST that the bot is typing."""
        channel = self._access.channel(call.params["channel_id"], "send_messages")
        self._posting.type(channel, self._application.bot_id, int(self._clock.now()))
        return NOTHING

    def _reaction(self, call: Call, *, add: bool) -> Answer:
        needed = ("add_reactions", "read_message_history") if add else ()
        where = (call.params["channel_id"], call.params["message_id"])
        message = self._access.message(*where, *needed)
        emoji = call.params["emoji_name"]
        if emoji.isascii():
            raise problems.unknown("Emoji")
        self._posting.react(message, emoji, self._application.bot_id, add=add)
        return NOTHING

    def _writable(self, call: Call) -> Channel:
        body = call.body
        needed = ["send_messages"]
        needed += ["attach_files"] if call.files else []
        needed += ["embed_links"] if body.get("embeds") else []
        needed += ["read_message_history"] if body.get("message_reference") else []
        return self._access.channel(call.params["channel_id"], *needed)

    def _twin(self, channel: Channel, nonce: str | int | None) -> Message | None:
        """The bot's message with the same nonce in the last minutes."""
        oldest = self._clock.now() - self._limits.nonce_window_s
        for message in reversed(self._world.messages(channel.id)):
            if message.timestamp < oldest:
                return None
            own = message.author_id == self._application.bot_id
            if own and message.nonce is not None and str(message.nonce) == str(nonce):
                return message
        return None

    def _count_old_edit(self, message: Message) -> None:
        """Messages over an hour old can be edited only so often in an hour."""
        now = self._clock.now()
        if now - message.timestamp < OLD_S:
            return
        recent = [at for at in self._old_edits.get(message.channel_id, []) if now - at < WINDOW_S]
        if len(recent) >= OLD_EDITS:
            raise problems.too_many_old_edits()
        self._old_edits[message.channel_id] = [*recent, now]

    def _view(self, message: Message, channel: Channel) -> Json:
        """A message as a bot reads it: others' content needs the privileged intent."""
        view = self._views.message(message)
        bot_id = self._application.bot_id
        exempt = channel.type == DM or bot_id in {message.author_id, *message.mentions}
        if exempt or MESSAGE_CONTENT in self._application.privileged_intents:
            return view
        return without_content(view, bot_id)
