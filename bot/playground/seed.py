"""The two guilds that a playground begins with, and how more are made."""

from collections.abc import Callable, Iterable, Mapping

from bot.playground import permissions
from bot.playground.config import Application, PlaygroundConfig
from bot.playground.world import TEXT, Channel, Guild, Member, Overwrite, Role, User, World

FIRST_ID = 1_191_000_000_000_000_000
STEP = 1 << 24
MODERATOR = "moderator"
MODERATOR_COLOUR = 0x3BA55D

GUILDS: Mapping[str, tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]] = {
    "Lighthouse": (
        {"owl": (), "fox": (MODERATOR,), "hare": (), "wren": ()},
        ("general", "gallery", "quiet"),
    ),
    "Workshop": (
        {"badger": (), "otter": (MODERATOR,), "hare": (), "mole": ()},
        ("bench", "showroom"),
    ),
}
BOT_IS_SILENT_IN = "quiet"


class FixedIds:
    """Ids that are the same at every start, so that what a bot has stored fits the next one."""

    def __init__(self) -> None:
        self._last = FIRST_ID

    def __call__(self) -> str:
        """The next id."""
        self._last += STEP
        return str(self._last)


class Founder:
    """Makes people and guilds with the bot in them; ids come from `new_id`."""

    def __init__(
        self,
        world: World,
        application: Application,
        new_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        self._world = world
        self._application = application
        self._new_id = new_id
        self._now = now

    def person(self, username: str) -> User:
        """The person with that name, made if there is none."""
        for user in self._world.users.values():
            if user.username == username and not user.bot:
                return user
        user = User(self._new_id(), username)
        self._world.users[user.id] = user
        return user

    def guild(
        self, name: str, *, members: Mapping[str, Iterable[str]], channels: Iterable[str]
    ) -> Guild:
        """A guild; the first of `members` (names, each with role names) owns it."""
        people = {username: self.person(username) for username in members}
        owner = next(iter(people.values()))
        guild = Guild(self._new_id(), name, owner.id)
        guild.roles = {role.id: role for role in self._roles(guild.id)}
        by_name = {role.name: role.id for role in guild.roles.values()}
        for username, names in members.items():
            roles = tuple(by_name[one] for one in names)
            user_id = people[username].id
            guild.members[user_id] = Member(user_id, roles, self._now())
        bot = self._application
        guild.members[bot.bot_id] = Member(bot.bot_id, (by_name[bot.name],), self._now())
        for position, channel_name in enumerate(channels):
            channel = Channel(self._new_id(), TEXT, channel_name, guild.id, position)
            guild.channels[channel.id] = channel
        self._world.guilds[guild.id] = guild
        return guild

    def _roles(self, guild_id: str) -> list[Role]:
        bot = self._application
        moderator = (MODERATOR, permissions.MODERATOR, 1, MODERATOR_COLOUR)
        return [
            Role(guild_id, "@everyone", permissions.EVERYONE),
            Role(self._new_id(), *moderator),
            Role(self._new_id(), bot.name, permissions.BOT, 2, bot_id=bot.bot_id),
        ]


def application_of(config: PlaygroundConfig, new_id: Callable[[], str]) -> Application:
    """The bot's application. Its bot user has the same id, as on Discord."""
    own_id, owner_id = new_id(), new_id()
    granted = config.privileged_intents
    return Application(own_id, config.application_name, own_id, owner_id, granted)


def populate(world: World, founder: Founder, application: Application) -> None:
    """Put the bot, its people and the two guilds into an empty world."""
    world.users[application.bot_id] = User(application.bot_id, application.name, bot=True)
    owner = next(iter(GUILDS["Lighthouse"][0]))
    world.users[application.owner_id] = User(application.owner_id, owner)
    for name, (members, channels) in GUILDS.items():
        guild = founder.guild(name, members=members, channels=channels)
        _silence(world, guild, application)


def _silence(world: World, guild: Guild, application: Application) -> None:
    denied = permissions.bits(["send_messages"])
    for channel in list(guild.channels.values()):
        if channel.name == BOT_IS_SILENT_IN:
            world.set_overwrite(channel, Overwrite(application.bot_id, 1, 0, denied))
