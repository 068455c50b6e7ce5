"""Limits, clock, faults, violations, and changes of the world while it lives."""

from dataclasses import asdict, fields, replace

from aiohttp import web

from bot.playground import permissions
from bot.playground.clock import Clock
from bot.playground.config import Limits
from bot.playground.control.body import answer, read, whole
from bot.playground.directory import Directory
from bot.playground.events import EventLog
from bot.playground.faults import Faults
from bot.playground.gateway import Gateway
from bot.playground.interactions import Interactions
from bot.playground.ledger import Ledger
from bot.playground.objects import guild_json
from bot.playground.problems import ControlError
from bot.playground.protocol import CLOSINGS
from bot.playground.seed import Founder
from bot.playground.sessions import GUILDS, MEMBERS
from bot.playground.views import Views
from bot.playground.world import Guild, Overwrite, World

ACTIONS = ("drop", "reconnect", "invalidate", "close")


class Tuning:
    """What tests turn."""

    def __init__(
        self,
        *,
        limits: Limits,
        clock: Clock,
        faults: Faults,
        ledger: Ledger,
        gateway: Gateway,
        interactions: Interactions,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._faults = faults
        self._ledger = ledger
        self._gateway = gateway
        self._interactions = interactions

    def table(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/control/limits", self.limits),
            web.patch("/control/limits", self.change_limits),
            web.post("/control/clock", self.advance),
            web.get("/control/faults", self.faults),
            web.post("/control/faults", self.order_fault),
            web.delete("/control/faults", self.forget_faults),
            web.post("/control/gateway", self.gateway),
            web.get("/control/violations", self.violations),
            web.delete("/control/violations", self.forget_violations),
            web.get("/control/requests", self.requests),
            web.get("/control/interactions", self.interactions),
        ]

    async def limits(self, request: web.Request) -> web.Response:
        """The limits as they stand."""
        return answer(asdict(self._limits))

    async def change_limits(self, request: web.Request) -> web.Response:
        """Change some limits."""
        wanted = (await read(request)).fields
        known = {field.name for field in fields(Limits)}
        strange = set(wanted) - known
        if strange:
            raise ControlError(f"There is no limit {sorted(strange)[0]!r}: {sorted(known)}.")
        for name, value in wanted.items():
            setattr(self._limits, name, _number(name, value))
        return answer(asdict(self._limits))

    async def advance(self, request: web.Request) -> web.Response:
        """Skip time."""
        skipped = (await read(request)).fields.get("advance_s")
        self._clock.advance(_number("advance_s", skipped))
        return answer({"now": self._clock.now()})

    async def faults(self, request: web.Request) -> web.Response:
        """The standing faults."""
        return answer(self._faults.standing())

    async def order_fault(self, request: web.Request) -> web.Response:
        """Order a fault."""
        return answer({"id": self._faults.order((await read(request)).fields).id})

    async def forget_faults(self, request: web.Request) -> web.Response:
        """Drop every fault."""
        self._faults.forget()
        return answer([])

    async def gateway(self, request: web.Request) -> web.Response:
        """Do something to the bot's connections."""
        body = await read(request)
        action, code = body.text("action"), body.fields.get("code", 4000)
        if action not in ACTIONS:
            raise ControlError(f"Choose an action among: {', '.join(ACTIONS)}.")
        if action == "close" and code not in {4000, 1000, 1001, *CLOSINGS}:
            raise ControlError(f"Discord never closes with {code}.")
        return answer({"connections": await self._gateway.act(action, code)})

    async def violations(self, request: web.Request) -> web.Response:
        """Every broken rule."""
        return answer(self._ledger.violations())

    async def forget_violations(self, request: web.Request) -> web.Response:
        """Empty the list of violations."""
        self._ledger.forget_violations()
        return answer([])

    async def requests(self, request: web.Request) -> web.Response:
        """The bot's last requests."""
        since = whole(request, "since", 0)
        method, path = request.query.get("method", ""), request.query.get("path", "")
        return answer(self._ledger.requests(since=since, method=method, path=path))

    async def interactions(self, request: web.Request) -> web.Response:
        """The last interactions."""
        return answer(list(self._interactions.log()))


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ControlError(f"{name!r} is a number from 0.")
    return float(value)


class Changing:
    """Changes of guilds: roles, overwrites, new guilds, members who leave."""

    def __init__(
        self,
        *,
        world: World,
        views: Views,
        directory: Directory,
        founder: Founder,
        gateway: Gateway,
        events: EventLog,
    ) -> None:
        self._world = world
        self._views = views
        self._directory = directory
        self._founder = founder
        self._gateway = gateway
        self._events = events

    def table(self) -> list[web.RouteDef]:
        """The routes."""
        member = "/control/guilds/{guild}/members/{user}"
        return [
            web.post("/control/guilds", self.found),
            web.patch(member, self.set_roles),
            web.delete(member, self.remove),
            web.put("/control/channels/{channel}/permissions", self.overwrite),
        ]

    async def found(self, request: web.Request) -> web.Response:
        """Make a guild with the bot in it."""
        body = await read(request)
        members, channels = body.mapping("members"), body.listed("channels")
        if not members or not channels:
            raise ControlError("A guild needs members and channels.")
        taken = {channel.name for channel in self._world.channels()} & set(channels)
        if taken:
            raise ControlError(
                f"There already is a channel {sorted(taken)[0]!r}: name it otherwise."
            )
        guild = self._founder.guild(body.text("name"), members=members, channels=channels)
        self._gateway.add_guild(guild)
        self._events.publish("guild_update", guild_id=guild.id)
        views = [self._views.channel(one) for one in guild.channels.values()]
        return answer({**guild_json(guild), "channels": views})

    async def set_roles(self, request: web.Request) -> web.Response:
        """Give a member other roles."""
        guild = self._directory.guild(request.match_info["guild"])
        user_id = self._member(guild, request)
        names = (await read(request)).listed("roles")
        roles = [self._directory.role(guild, name).id for name in names]
        member = self._views.member(self._world.set_roles(guild, user_id, roles))
        update = {**member, "guild_id": guild.id}
        self._gateway.dispatch("GUILD_MEMBER_UPDATE", update, intent=MEMBERS, guild_id=guild.id)
        self._events.publish("guild_update", guild_id=guild.id)
        return answer(member)

    async def remove(self, request: web.Request) -> web.Response:
        """Take a member, or the bot, out of a guild."""
        guild = self._directory.guild(request.match_info["guild"])
        user_id = self._member(guild, request)
        if user_id == guild.owner_id:
            raise ControlError("The owner cannot leave the guild.")
        del guild.members[user_id]
        if self._world.users[user_id].bot:
            gone = {"id": guild.id}
            self._gateway.dispatch("GUILD_DELETE", gone, intent=GUILDS, guild_id=guild.id)
        else:
            left = {"guild_id": guild.id, "user": self._views.user(user_id)}
            self._gateway.dispatch("GUILD_MEMBER_REMOVE", left, intent=MEMBERS, guild_id=guild.id)
        self._events.publish("guild_update", guild_id=guild.id)
        return answer({})

    async def overwrite(self, request: web.Request) -> web.Response:
        """Allow and deny permissions in a channel to a person or a role."""
        channel = self._directory.channel(request.match_info["channel"])
        guild = self._world.guild_of(channel)
        if guild is None:
            raise ControlError("A direct channel has no permissions to change.")
        body = await read(request)
        try:
            allow = permissions.bits(body.listed("allow"))
            deny = permissions.bits(body.listed("deny"))
        except KeyError as unknown:
            raise ControlError(f"There is no permission {unknown}.") from None
        overwrite = replace(self._subject(guild, body.text("who")), allow=allow, deny=deny)
        view = self._views.channel(self._world.set_overwrite(channel, overwrite))
        self._gateway.dispatch("CHANNEL_UPDATE", view, intent=GUILDS, guild_id=guild.id)
        self._events.publish("guild_update", guild_id=guild.id)
        return answer(view)

    def _member(self, guild: Guild, request: web.Request) -> str:
        user = self._directory.user(request.match_info["user"])
        if user.id not in guild.members:
            raise ControlError(f"{user.username} is not in {guild.name}.", 404)
        return user.id

    def _subject(self, guild: Guild, reference: str) -> Overwrite:
        """An empty overwrite for a role or a person."""
        try:
            return Overwrite(self._directory.role(guild, reference).id, 0, 0, 0)
        except ControlError:
            return Overwrite(self._directory.user(reference).id, 1, 0, 0)
