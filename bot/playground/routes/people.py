"""/users, /guilds, /gateway: who there is and where to connect."""

from collections.abc import Callable

from bot.playground import permissions, problems
from bot.playground.config import Application
from bot.playground.objects import guild_json, role_json
from bot.playground.rest import Answer, Call, Route
from bot.playground.routes.access import Access
from bot.playground.snowflakes import Snowflakes
from bot.playground.views import Views
from bot.playground.world import World

GUILD = "/guilds/{guild_id}"


class PeopleRoutes:
    """Users, guilds, members, roles; direct channels; the gateway's address."""

    def __init__(
        self,
        *,
        access: Access,
        world: World,
        views: Views,
        application: Application,
        new_id: Snowflakes,
        gateway_url: Callable[[], str],
    ) -> None:
        self._access = access
        self._world = world
        self._views = views
        self._application = application
        self._new_id = new_id
        self._gateway_url = gateway_url

    def table(self) -> list[Route]:
        """The routes."""
        return [
            Route("GET", "/gateway", self.gateway),
            Route("GET", "/gateway/bot", self.gateway_bot),
            Route("GET", "/users/@me", self.me),
            Route("GET", "/users/@me/guilds", self.my_guilds),
            Route("POST", "/users/@me/channels", self.open_direct),
            Route("GET", "/users/{user_id}", self.user),
            Route("GET", GUILD, self.guild),
            Route("GET", f"{GUILD}/channels", self.channels),
            Route("GET", f"{GUILD}/roles", self.roles),
            Route("GET", f"{GUILD}/members", self.members),
            Route("GET", f"{GUILD}/members/{{user_id}}", self.member),
        ]

    def gateway(self, call: Call) -> Answer:
        """GET the gateway's address."""
        return Answer({"url": self._gateway_url()})

    def gateway_bot(self, call: Call) -> Answer:
        """GET the gateway's address and how many sessions may be started."""
        start = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
        return Answer({"url": self._gateway_url(), "shards": 1, "session_start_limit": start})

    def me(self, call: Call) -> Answer:
        """GET the bot."""
        return Answer(self._views.me())

    def my_guilds(self, call: Call) -> Answer:
        """GET the bot's guilds in short."""
        bot_id = self._application.bot_id
        return Answer(
            [
                {
                    "id": guild.id,
                    "name": guild.name,
                    "icon": None,
                    "banner": None,
                    "owner": guild.owner_id == bot_id,
                    "permissions": str(permissions.in_guild(guild, guild.members[bot_id])),
                    "features": [],
                }
                for guild in self._world.guilds_of(bot_id)
            ]
        )

    def open_direct(self, call: Call) -> Answer:
        """POST to get the direct channel with a user."""
        user_id = str(call.body.get("recipient_id"))
        if user_id not in self._world.users:
            raise problems.unknown("User")
        if user_id == self._application.bot_id:
            raise problems.cannot_message_user()
        channel = self._world.open_direct(user_id, self._new_id())
        return Answer(self._views.channel(channel))

    def user(self, call: Call) -> Answer:
        """GET a user."""
        if call.params["user_id"] not in self._world.users:
            raise problems.unknown("User")
        return Answer(self._views.user(call.params["user_id"]))

    def guild(self, call: Call) -> Answer:
        """GET a guild."""
        return Answer(guild_json(self._access.guild(call.params["guild_id"])))

    def channels(self, call: Call) -> Answer:
        """GET a guild's channels."""
        guild = self._access.guild(call.params["guild_id"])
        return Answer([self._views.channel(one) for one in guild.channels.values()])

    def roles(self, call: Call) -> Answer:
        """GET a guild's roles."""
        guild = self._access.guild(call.params["guild_id"])
        return Answer([role_json(role) for role in guild.roles.values()])

    def members(self, call: Call) -> Answer:
        """GET a guild's members, by id."""
        guild = self._access.guild(call.params["guild_id"])
        after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 1))
        ids = sorted((one for one in guild.members if int(one) > after), key=int)
        return Answer([self._views.member(guild.members[one]) for one in ids[:limit]])

    def member(self, call: Call) -> Answer:
        """GET a member."""
        member = self._access.member(call.params["guild_id"], call.params["user_id"])
        return Answer(self._views.member(member))
