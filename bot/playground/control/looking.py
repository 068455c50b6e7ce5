"""GET calls: what there is, as a person sees it."""

from typing import Any

from aiohttp import web

from bot.playground import permissions
from bot.playground.commandbook import CommandBook
from bot.playground.config import Application
from bot.playground.control.body import answer, query, read, whole
from bot.playground.directory import Directory
from bot.playground.events import EventLog, sees_channel, sees_message
from bot.playground.gateway import Gateway
from bot.playground.objects import role_json
from bot.playground.problems import ControlError
from bot.playground.views import Views
from bot.playground.world import Channel, Guild, Message, User, World

Json = dict[str, Any]
MOST_MESSAGES = 200
NEVER = 1 << 64


class Looking:
    """Lists guilds, members, channels, messages and commands."""

    def __init__(
        self,
        *,
        world: World,
        views: Views,
        directory: Directory,
        book: CommandBook,
        events: EventLog,
        gateway: Gateway,
        application: Application,
    ) -> None:
        self._world = world
        self._views = views
        self._directory = directory
        self._book = book
        self._events = events
        self._gateway = gateway
        self._application = application

    def table(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/control/state", self.state),
            web.get("/control/guilds", self.guilds),
            web.get("/control/guilds/{guild}/members", self.members),
            web.get("/control/users", self.users),
            web.post("/control/dms", self.direct),
            web.get("/control/channels/{channel}/messages", self.messages),
            web.get("/control/channels/{channel}/messages/{message}", self.message),
            web.get("/control/commands", self.commands),
        ]

    async def state(self, request: web.Request) -> web.Response:
        """The whole playground in one answer."""
        about = {"id": self._application.id, "name": self._application.name}
        return answer(
            {
                "application": about,
                "bot": self._views.user(self._application.bot_id),
                "online": self._gateway.online,
                "seq": self._events.seq,
                "users": self._people(),
                "guilds": [self._guild(one, None) for one in self._world.guilds.values()],
            }
        )

    async def guilds(self, request: web.Request) -> web.Response:
        """Guilds, with the channels that a person may view."""
        if "user" not in request.query:
            return answer([self._guild(one, None) for one in self._world.guilds.values()])
        user = self._directory.user(request.query["user"])
        return answer([self._guild(one, user) for one in self._world.guilds_of(user.id)])

    async def members(self, request: web.Request) -> web.Response:
        """A guild's members with their guild-wide permissions."""
        return answer(self._members(self._directory.guild(request.match_info["guild"])))

    async def users(self, request: web.Request) -> web.Response:
        """Every person."""
        return answer(self._people())

    async def direct(self, request: web.Request) -> web.Response:
        """A person's direct channel with the bot."""
        user = self._directory.person((await read(request)).text("user"))
        return answer(self._views.channel(self._directory.direct(user)))

    async def messages(self, request: web.Request) -> web.Response:
        """Messages as a person sees them, oldest first."""
        user, channel = self._where(request)
        limit = min(whole(request, "limit", 50), MOST_MESSAGES)
        found = [one for one in self._world.messages(channel.id) if sees_message(one, user.id)]
        before, after = whole(request, "before", NEVER), whole(request, "after", 0)
        found = [one for one in found if after < int(one.id) < before]
        if after:
            found = found[:limit]
        return answer([shown(self._views, one, user.id) for one in found[-limit:]])

    async def message(self, request: web.Request) -> web.Response:
        """One message as a person sees it."""
        user, channel = self._where(request)
        message = self._directory.message_for(user, channel, request.match_info["message"])
        return answer(shown(self._views, message, user.id))

    async def commands(self, request: web.Request) -> web.Response:
        """The commands that a person can use in a channel."""
        user = self._directory.person(query(request, "user"))
        channel = self._directory.channel_for(user, query(request, "channel"))
        return answer(self._book.visible(user.id, channel))

    def _where(self, request: web.Request) -> tuple[User, Channel]:
        user = self._directory.user(query(request, "user"))
        if user.bot:
            raise ControlError("Messages are shown as a person sees them: name a person.")
        return user, self._directory.channel_for(user, request.match_info["channel"])

    def _people(self) -> list[Json]:
        return [self._views.user(one.id) for one in self._world.users.values() if not one.bot]

    def _guild(self, guild: Guild, user: User | None) -> Json:
        channels = [
            self._views.channel(one)
            for one in guild.channels.values()
            if user is None or sees_channel(self._world, user.id, one)
        ]
        return {
            "id": guild.id,
            "name": guild.name,
            "icon": None,
            "owner_id": guild.owner_id,
            "roles": [role_json(role) for role in guild.roles.values()],
            "channels": channels,
            "members": self._members(guild),
        }

    def _members(self, guild: Guild) -> list[Json]:
        return [
            {**self._views.member(one), "permissions": str(permissions.in_guild(guild, one))}
            for one in guild.members.values()
        ]


def shown(views: Views, message: Message, viewer: str) -> Json:
    """A message as the page gets it: Discord's object, the author as a member, the guild."""
    return {**views.message(message, viewer=viewer), **views.in_channel(message)}
