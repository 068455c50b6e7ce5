"""Finds people, channels, guilds and messages by id or by name, for the control API."""

from collections.abc import Iterable
from typing import TypeVar

from bot.playground.config import Application
from bot.playground.events import sees_channel, sees_message
from bot.playground.problems import ControlError
from bot.playground.snowflakes import Snowflakes
from bot.playground.world import Channel, Guild, Message, Role, User, World

Named = TypeVar("Named", User, Channel, Guild, Role)


class Directory:
    """Lookups that raise ControlError, 404, for what is not there or may not be seen."""

    def __init__(self, world: World, application: Application, new_id: Snowflakes) -> None:
        self._world = world
        self._application = application
        self._new_id = new_id

    def user(self, reference: str) -> User:
        """A person (or `bot`) by id or username."""
        if reference == "bot":
            return self._world.users[self._application.bot_id]
        names = {user.id: user.username for user in self._world.users.values()}
        return _found("person", reference, self._world.users.values(), names)

    def person(self, reference: str) -> User:
        """A person who can act: anyone but the bot."""
        user = self.user(reference)
        if user.bot:
            raise ControlError("The bot acts for itself: name a person.")
        return user

    def guild(self, reference: str) -> Guild:
        """A guild by id or name."""
        names = {guild.id: guild.name for guild in self._world.guilds.values()}
        return _found("guild", reference, self._world.guilds.values(), names)

    def role(self, guild: Guild, reference: str) -> Role:
        """A role of a guild by id or name."""
        names = {role.id: role.name for role in guild.roles.values()}
        return _found("role", reference, guild.roles.values(), names)

    def channel(self, reference: str) -> Channel:
        """A channel by id or name; `dm:name` is a person's direct channel with the bot."""
        if reference.startswith("dm:"):
            return self.direct(self.person(reference.removeprefix("dm:")))
        channels = list(self._world.channels())
        names = {channel.id: channel.name for channel in channels}
        return _found("channel", reference, channels, names)

    def direct(self, user: User) -> Channel:
        """A person's direct channel with the bot, made at first use."""
        return self._world.open_direct(user.id, self._new_id())

    def channel_for(self, user: User, reference: str) -> Channel:
        """A channel that the person may see."""
        channel = self.channel(reference)
        if not sees_channel(self._world, user.id, channel):
            raise ControlError(f"{user.username} cannot see the channel {reference!r}.", 404)
        return channel

    def message_for(self, user: User, channel: Channel, message_id: str) -> Message:
        """A message there that the person may see."""
        message = self._world.message(channel.id, message_id)
        if message is None or not sees_message(message, user.id):
            raise ControlError(f"{user.username} sees no message {message_id!r} there.", 404)
        return message


def _found(what: str, reference: str, things: Iterable[Named], names: dict[str, str]) -> Named:
    things = list(things)
    for thing in things:
        if thing.id == reference:
            return thing
    for thing in things:
        if names[thing.id] == reference:
            return thing
    raise ControlError(f"There is no {what} {reference!r} in the playground.", 404)
