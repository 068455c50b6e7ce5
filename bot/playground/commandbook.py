"""The application commands that the bot has registered, their rules, and who sees them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from bot.playground import permissions, problems
from bot.playground.config import Application
from bot.playground.problems import ControlError
from bot.playground.snowflakes import Snowflakes
from bot.playground.world import Channel, World

Json = dict[str, Any]
Rule = tuple[str, str]

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN = 3, 4, 5
USER_OPTION, CHANNEL_OPTION, ROLE_OPTION, MENTIONABLE, NUMBER, ATTACHMENT = range(6, 12)
MOST = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
MOST_CHARACTERS = 8000
NAME = re.compile(r"[-_'\w]{1,32}")
IN_GUILD, IN_BOT_DM = 0, 1


class CommandBook:
    """Global commands and those of single guilds. A name and type keep their id when set again."""

    def __init__(self, world: World, application: Application, new_id: Snowflakes) -> None:
        self._world = world
        self._application = application
        self._new_id = new_id
        self._commands: dict[str | None, dict[str, Json]] = {}

    def listed(self, guild_id: str | None) -> list[Json]:
        """The commands of a guild, or the global ones."""
        return list(self._commands.get(guild_id, {}).values())

    def get(self, guild_id: str | None, command_id: str) -> Json:
        """One command. Raises ApiError if there is none."""
        command = self._commands.get(guild_id, {}).get(command_id)
        if command is None:
            raise problems.unknown("application command")
        return command

    def replace_all(self, guild_id: str | None, wanted: list[Json]) -> list[Json]:
        """Make `wanted` all there is. Raises InvalidFormError for a broken rule."""
        broken = list(_set_rules(wanted))
        for index, command in enumerate(wanted):
            broken += [(f"{index}.{path}", what) for path, what in command_rules(command)]
        if broken:
            raise problems.InvalidFormError(broken)
        kept = [self._entry(guild_id, command) for command in wanted]
        self._commands[guild_id] = {command["id"]: command for command in kept}
        return kept

    def put(self, guild_id: str | None, command: Json) -> Json:
        """Add a command or replace the one of its name and type."""
        key = (command["name"], command.get("type") or CHAT_INPUT)
        others = [one for one in self.listed(guild_id) if (one["name"], one["type"]) != key]
        return self.replace_all(guild_id, [*others, command])[-1]

    def change(self, guild_id: str | None, command_id: str, changes: Json) -> Json:
        """Change some fields of a command."""
        before = self.get(guild_id, command_id)
        changed = {**before, **changes}
        broken = list(command_rules(changed))
        if broken:
            raise problems.InvalidFormError(broken)
        self._commands[guild_id][command_id] = {**changed, "version": self._new_id()}
        return self._commands[guild_id][command_id]

    def delete(self, guild_id: str | None, command_id: str) -> None:
        """Remove a command."""
        self.get(guild_id, command_id)
        del self._commands[guild_id][command_id]

    def visible(self, user_id: str, channel: Channel) -> list[Json]:
        """What a person may use in a channel, by contexts and default_member_permissions."""
        commands = [
            *self.listed(None),
            *(self.listed(channel.guild_id) if channel.guild_id else []),
        ]
        return [one for one in commands if self._is_visible(one, user_id, channel)]

    def find(self, user_id: str, channel: Channel, name: str, types: Iterable[int]) -> Json:
        """The visible command by id or name. Raises ControlError if the person sees none."""
        for command in self.visible(user_id, channel):
            if command["type"] in types and name in {command["id"], command["name"]}:
                return command
        raise ControlError(f"No command named {name!r} can be used here by this person.", 404)

    def _entry(self, guild_id: str | None, command: Json) -> Json:
        given = {name: value for name, value in command.items() if value is not None}
        kind = given.get("type", CHAT_INPUT)
        same = [
            one["id"]
            for one in self.listed(guild_id)
            if (one["name"], one["type"]) == (given["name"], kind)
        ]
        entry: Json = {
            "nsfw": False,
            "integration_types": [0],
            "description": "",
            **given,
            "contexts": given.get("contexts"),
            "default_member_permissions": _as_text(given.get("default_member_permissions")),
            "id": same[0] if same else self._new_id(),
            "application_id": self._application.id,
            "version": self._new_id(),
            "type": kind,
        }
        return {**entry, "guild_id": guild_id} if guild_id else entry

    def _is_visible(self, command: Json, user_id: str, channel: Channel) -> bool:
        guild = self._world.guild_of(channel)
        contexts = command["contexts"]
        if contexts is None:
            contexts = [IN_GUILD, IN_BOT_DM] if command.get("dm_permission", True) else [IN_GUILD]
        if guild is None:
            return IN_BOT_DM in contexts
        if IN_GUILD not in contexts or self._application.bot_id not in guild.members:
            return False
        granted = permissions.in_channel(guild, channel, guild.members[user_id])
        if not granted & permissions.BITS["use_application_commands"]:
            return False
        return _allowed(command["default_member_permissions"], granted)


def command_rules(command: Json) -> Iterator[Rule]:
    """What is wrong with one command that the OpenAPI description does not say."""
    kind = command.get("type") or CHAT_INPUT
    if kind == CHAT_INPUT:
        yield from _name_rules(command["name"])
        if not 1 <= len(command.get("description") or "") <= 100:
            yield "description", "Must be between 1 and 100 in length."
        yield from _option_rules(command.get("options") or [], depth=0)
    else:
        if command.get("description"):
            yield "description", "A context menu command has no description."
        if command.get("options"):
            yield "options", "A context menu command has no options."
    if _characters(command) > MOST_CHARACTERS:
        yield "name", f"The command is longer than {MOST_CHARACTERS} characters in all."


def _set_rules(commands: list[Json]) -> Iterator[Rule]:
    kinds = Counter(one.get("type") or CHAT_INPUT for one in commands)
    for kind, number in kinds.items():
        if number > MOST.get(kind, 1):
            yield (
                "body",
                f"Maximum number of commands of type {kind} reached ({MOST.get(kind, 1)}).",
            )
    names = Counter((one.get("type") or CHAT_INPUT, one["name"]) for one in commands)
    for (_, name), number in names.items():
        if number > 1:
            yield "body", f"Application command names must be unique: {name}"


def _name_rules(name: str) -> Iterator[Rule]:
    if not NAME.fullmatch(name) or name != name.lower():
        yield "name", f"{name!r} is not 1 to 32 lower-case letters, digits, '-' or '_'."


def _option_rules(options: list[Json], depth: int) -> Iterator[Rule]:
    names = Counter(option["name"] for option in options)
    optional_seen = False
    kinds = {option["type"] in {SUBCOMMAND, GROUP} for option in options}
    if len(kinds) > 1:
        yield "options", "Subcommands and other options cannot be mixed."
    for index, option in enumerate(options):
        path = f"options.{index}"
        if names[option["name"]] > 1:
            yield path, f"Option names must be unique: {option['name']}"
        if option.get("required") and optional_seen:
            yield path, "Required options must be placed before non-required options."
        optional_seen |= option["type"] not in {SUBCOMMAND, GROUP} and not option.get("required")
        for below, what in _single_option_rules(option, depth):
            yield f"{path}.{below}", what


def _single_option_rules(option: Json, depth: int) -> Iterator[Rule]:
    yield from _name_rules(option["name"])
    if option["type"] == GROUP and depth > 0:
        yield "type", "A subcommand group stands at the top."
    if option.get("autocomplete") and option.get("choices"):
        yield "autocomplete", "An option has choices or autocompletes, not both."
    choices = Counter(choice["name"] for choice in option.get("choices") or ())
    for name, number in choices.items():
        if number > 1:
            yield "choices", f"Choice names must be unique: {name}"
    for low, high in (("min_value", "max_value"), ("min_length", "max_length")):
        least, most = option.get(low), option.get(high)
        if least is not None and most is not None and least > most:
            yield low, f"Is above {high}."
    yield from _option_rules(option.get("options") or [], depth + 1)


def _characters(value: Json) -> int:
    own = len(value.get("name") or "") + len(value.get("description") or "")
    choices = value.get("choices") or ()
    own += sum(len(choice["name"]) + len(str(choice["value"])) for choice in choices)
    return own + sum(map(_characters, value.get("options") or ()))


def _allowed(wanted: str | None, granted: int) -> bool:
    """`wanted` "0" is for administrators alone; None for everyone."""
    if wanted is None:
        return True
    needed = int(wanted) or permissions.BITS["administrator"]
    return granted & needed == needed


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)
