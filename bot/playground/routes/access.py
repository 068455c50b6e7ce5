"""Finding what a request names, with Discord's errors where the bot may not have it."""

from bot.playground import permissions, problems
from bot.playground.config import Application
from bot.playground.world import Channel, Guild, Member, Message, World


class Access:
    """Looks things up as the bot."""

    def __init__(self, world: World, application: Application) -> None:
        self._world = world
        self._bot_id = application.bot_id

    def guild(self, guild_id: str) -> Guild:
        """A guild that the bot is in. Raises ApiError."""
        guild = self._world.guilds.get(guild_id)
        if guild is None or self._bot_id not in guild.members:
            raise problems.unknown("Guild")
        return guild

    def member(self, guild_id: str, user_id: str) -> Member:
        """A member of a guild that the bot is in. Raises ApiError."""
        member = self.guild(guild_id).members.get(user_id)
        if member is None:
            raise problems.unknown("Member" if user_id in self._world.users else "User")
        return member

    def channel(self, channel_id: str, *needed: str) -> Channel:
        """A channel that the bot may view and where it has the permissions. Raises ApiError."""
        channel = self._world.channel(channel_id)
        if channel is None:
            raise problems.unknown("Channel")
        granted = self._granted(channel)
        if not granted & permissions.BITS["view_channel"]:
            raise problems.missing_access()
        if permissions.bits(needed) & ~granted:
            raise problems.missing_permissions()
        return channel

    def message(self, channel_id: str, message_id: str, *needed: str) -> Message:
        """A message there; ephemeral ones cannot be reached this way. Raises ApiError."""
        channel = self.channel(channel_id, *needed)
        message = self._world.message(channel.id, message_id)
        if message is None or message.ephemeral_to:
            raise problems.unknown("Message")
        return message

    def own_message(self, channel_id: str, message_id: str) -> Message:
        """A message of the bot. Raises ApiError."""
        message = self.message(channel_id, message_id)
        if message.author_id != self._bot_id:
            raise problems.not_the_author()
        return message

    def deletable(self, channel_id: str, message_id: str) -> Message:
        """A message the bot may delete: its own, or any with Manage Messages. Raises ApiError."""
        message = self.message(channel_id, message_id)
        if message.author_id != self._bot_id:
            self.channel(channel_id, "manage_messages")
        return message

    def _granted(self, channel: Channel) -> int:
        guild = self._world.guild_of(channel)
        if guild is None:
            return permissions.IN_DM
        member = guild.members.get(self._bot_id)
        return permissions.in_channel(guild, channel, member) if member else 0
