"""Writes messages into the world and tells the bot's sessions and the people who may know."""

from dataclasses import replace
from typing import Any

from bot.playground import sessions as intents
from bot.playground.config import Application
from bot.playground.events import EventLog, sees_channel
from bot.playground.gateway import Gateway
from bot.playground.sessions import Session
from bot.playground.views import Views
from bot.playground.world import Channel, Message, World

Json = dict[str, Any]


class Posting:
    """Every change of a message goes through here."""

    def __init__(
        self,
        *,
        world: World,
        views: Views,
        gateway: Gateway,
        events: EventLog,
        application: Application,
    ) -> None:
        self._world = world
        self._views = views
        self._gateway = gateway
        self._events = events
        self._bot_id = application.bot_id

    def send(self, message: Message) -> Message:
        """Post a new message."""
        self._world.keep(message)
        self._tell("MESSAGE_CREATE", "message_create", message)
        return message

    def change(self, message: Message) -> Message:
        """Put `message` in the place of the one with its id."""
        self._world.keep(message)
        self._tell("MESSAGE_UPDATE", "message_update", message)
        return message

    def remove(self, message: Message) -> None:
        """Delete a message."""
        self._world.drop(message)
        channel = self._channel(message)
        gone = {"id": message.id, "channel_id": message.channel_id, **_guild(channel)}
        self._dispatch("MESSAGE_DELETE", gone, message, channel)
        self._publish("message_delete", message, channel, message_id=message.id)

    def dismiss(self, message: Message) -> None:
        """Take an ephemeral message off its reader's screen; the bot is not told."""
        self._world.drop(message)
        self._publish("message_delete", message, self._channel(message), message_id=message.id)

    def react(self, message: Message, emoji: str, user_id: str, *, add: bool) -> Message:
        """Add or take away a person's reaction."""
        users = [one for one in message.reactions.get(emoji, ()) if one != user_id]
        reactions = {**message.reactions, emoji: (*users, *([user_id] if add else []))}
        kept = {name: whose for name, whose in reactions.items() if whose}
        changed = replace(message, reactions=kept)
        self._world.keep(changed)
        channel = self._channel(message)
        data: Json = {"user_id": user_id, "channel_id": channel.id, "message_id": message.id}
        data |= {"emoji": {"id": None, "name": emoji}, "type": 0, "burst": False, **_guild(channel)}
        if add and channel.guild_id:
            member = self._world.guilds[channel.guild_id].members[user_id]
            data |= {"member": self._views.member(member), "message_author_id": message.author_id}
        name = f"MESSAGE_REACTION_{'ADD' if add else 'REMOVE'}"
        guild, direct = intents.GUILD_REACTIONS, intents.DIRECT_REACTIONS
        if sees_channel(self._world, self._bot_id, channel) or not channel.guild_id:
            intent = guild if channel.guild_id else direct
            self._gateway.dispatch(name, data, intent=intent, guild_id=channel.guild_id)
        self._publish("message_update", changed, channel, with_message=True)
        return changed

    def type(self, channel: Channel, user_id: str, timestamp: int) -> None:
        """Show that someone is typing."""
        self._events.publish("typing", channel=channel, user_id=user_id)
        data: Json = {"channel_id": channel.id, "user_id": user_id, "timestamp": timestamp}
        intent = intents.DIRECT_TYPING
        if channel.guild_id:
            intent = intents.GUILD_TYPING
            member = self._world.guilds[channel.guild_id].members[user_id]
            data |= {"guild_id": channel.guild_id, "member": self._views.member(member)}
        self._gateway.dispatch("TYPING_START", data, intent=intent, guild_id=channel.guild_id)

    def _tell(self, event: str, name: str, message: Message) -> None:
        channel = self._channel(message)
        data = self._views.message(message)
        if not message.ephemeral_to:
            data |= self._views.in_channel(message)
        self._dispatch(event, data, message, channel)
        self._publish(name, message, channel, with_message=True)

    def _dispatch(self, event: str, data: Json, message: Message, channel: Channel) -> None:
        """Ephemeral messages go to their author alone, like direct ones, and name no guild."""
        direct = message.ephemeral_to is not None or channel.guild_id is None
        if not direct and not sees_channel(self._world, self._bot_id, channel):
            return
        intent = intents.DIRECT_MESSAGES if direct else intents.GUILD_MESSAGES
        exempt = direct or self._is_exempt(message)

        def for_session(session: Session) -> Json:
            whole = exempt or session.intents & intents.CONTENT
            return data if whole else without_content(data, self._bot_id)

        self._gateway.dispatch(event, for_session, intent=intent, guild_id=channel.guild_id)

    def _is_exempt(self, message: Message) -> bool:
        """Whether a bot without the message content intent gets the content all the same."""
        return self._bot_id == message.author_id or self._bot_id in message.mentions

    def _publish(
        self,
        name: str,
        message: Message,
        channel: Channel,
        *,
        with_message: bool = False,
        **fields: Any,
    ) -> None:
        only = frozenset([message.ephemeral_to]) if message.ephemeral_to else None
        shown = message if with_message else None
        self._events.publish(name, channel=channel, message=shown, only=only, **fields)

    def _channel(self, message: Message) -> Channel:
        channel = self._world.channel(message.channel_id)
        if channel is None:
            raise KeyError(message.channel_id)
        return channel


def without_content(data: Json, bot_id: str) -> Json:
    """A message as a bot without the message content intent gets it; its `mentions` stay."""
    if "content" not in data:
        return data
    bare = {**data, "content": "", "attachments": [], "embeds": [], "components": []}
    replied = data.get("referenced_message")
    if replied and replied["author"]["id"] != bot_id:
        bare["referenced_message"] = without_content(replied, bot_id)
    return bare


def _guild(channel: Channel) -> Json:
    return {"guild_id": channel.guild_id} if channel.guild_id else {}
