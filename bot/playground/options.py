"""From `{name: value}` to a command's options, with the checks of Discord's client."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.playground.commandbook import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL_OPTION,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE_OPTION,
    STRING,
    SUBCOMMAND,
    USER_OPTION,
)
from bot.playground.problems import ControlError
from bot.playground.resolved import Resolved

Json = dict[str, Any]

LONGEST_STRING = 6000
LARGEST_INTEGER = 2**53
TYPES: Mapping[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    NUMBER: (int, float),
}


def descend(
    command: Json, words: list[str]
) -> tuple[list[Json], Callable[[list[Json]], list[Json]]]:
    """The options of the subcommand `words` lead to, and a function to wrap values in its path."""
    options: list[Json] = command.get("options") or []
    path: list[Json] = []
    for word in words:
        step = next((one for one in options if one["name"] == word and _is_group(one)), None)
        if step is None:
            raise ControlError(f"/{command['name']} has no subcommand {word!r}.", 404)
        path.append(step)
        options = step.get("options") or []
    if any(_is_group(one) for one in options):
        names = ", ".join(one["name"] for one in options)
        raise ControlError(f"Choose a subcommand of /{command['name']}: {names}.")

    def wrapped(values: list[Json]) -> list[Json]:
        for step in reversed(path):
            values = [{"name": step["name"], "type": step["type"], "options": values}]
        return values

    return options, wrapped


def filled_in(options: list[Json], values: Mapping[str, Any], resolved: Resolved) -> list[Json]:
    """The values of a command that is run. Raises ControlError for bad ones."""
    _refuse_unknown(options, values)
    missing = [one["name"] for one in options if one.get("required") and one["name"] not in values]
    if missing:
        raise ControlError(f"Give the required option {missing[0]!r}.")
    return [
        {
            "name": one["name"],
            "type": one["type"],
            "value": _value(one, values[one["name"]], resolved),
        }
        for one in options
        if values.get(one["name"]) is not None
    ]


def half_typed(options: list[Json], values: Mapping[str, Any], focused: str) -> list[Json]:
    """The values of a command that is being typed; the focused one as text, files left out."""
    _refuse_unknown(options, values)
    typed: list[Json] = []
    for option in options:
        name = option["name"]
        if name == focused:
            text = str(values.get(name, ""))
            typed.append({"name": name, "type": option["type"], "value": text, "focused": True})
        elif name in values and option["type"] != ATTACHMENT:
            typed.append({"name": name, "type": option["type"], "value": values[name]})
    return typed


def autocompleted(options: list[Json], focused: str) -> Json:
    """The option named `focused`. Raises ControlError if it does not autocomplete."""
    option = next((one for one in options if one["name"] == focused), None)
    if option is None or not option.get("autocomplete"):
        raise ControlError(f"The option {focused!r} has no autocomplete.")
    return option


def _is_group(option: Json) -> bool:
    return option["type"] in {SUBCOMMAND, GROUP}


def _refuse_unknown(options: list[Json], values: Mapping[str, Any]) -> None:
    strange = set(values) - {one["name"] for one in options}
    if strange:
        raise ControlError(f"The command has no option {sorted(strange)[0]!r}.")


def _value(option: Json, value: Any, resolved: Resolved) -> Any:
    kind = option["type"]
    references = {
        USER_OPTION: resolved.user,
        CHANNEL_OPTION: resolved.channel,
        ROLE_OPTION: resolved.role,
        MENTIONABLE: resolved.mentionable,
        ATTACHMENT: resolved.attachment,
    }
    if kind in references:
        return references[kind](str(value))
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != BOOLEAN):
        raise ControlError(f"The option {option['name']!r} takes a {_named(kind)}.")
    _check_range(option, value)
    return value


def _check_range(option: Json, value: Any) -> None:
    name = option["name"]
    choices = [one["value"] for one in option.get("choices") or ()]
    if choices and value not in choices:
        raise ControlError(f"{value!r} is not among the choices of {name!r}.")
    if isinstance(value, str):
        least, most = option.get("min_length") or 0, option.get("max_length") or LONGEST_STRING
        if not least <= len(value) <= most:
            raise ControlError(f"{name!r} takes {least} to {most} characters.")
    elif not isinstance(value, bool):
        low, high = option.get("min_value"), option.get("max_value")
        low = -LARGEST_INTEGER if low is None else low
        high = LARGEST_INTEGER if high is None else high
        if not low <= value <= high:
            raise ControlError(f"{name!r} takes {low} to {high}.")


def _named(kind: int) -> str:
    return {STRING: "text", INTEGER: "whole number", BOOLEAN: "true or false", NUMBER: "number"}[
        kind
    ]
