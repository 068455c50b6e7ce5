"""Settings of a recipe as people write them: `rank=16, begins_as="a cat, striped"`."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, get_args, get_origin

from pydantic import ValidationError

from core.domain.recipes import FIXED, Recipe, Value
from core.errors import InvalidInput

SETTINGS = tuple(name for name in Recipe.model_fields if name not in FIXED)
"""Names of all that can be changed, in the order of the recipe."""
QUOTES = str.maketrans("“”„", '"""')
"""What telephones make of quotes."""
PART = re.compile(r'(?:"[^"]*"|[^,"])+')
HOW = "Write settings as name=value with commas, for example rank=16, ema=0.9."
QUOTED = 'Quotes go around a whole value, for example begins_as="a cat, striped".'


def parse_changes(text: str) -> dict[str, Value]:
    """`rank=16, snr_cap=off` → settings of a recipe, each checked; commas may stand in quotes.

    Raises:
        InvalidInput: says which part cannot be used and what could be.
    """
    changes: dict[str, Value] = dict(_pair(part) for part in parts_of(text))
    try:
        whole = Recipe.model_validate(Recipe().model_dump() | changes)
    except ValidationError as error:
        problem = error.errors()[0]
        raise InvalidInput(f"The setting {problem['loc'][0]}: {problem['msg'].lower()}.") from error
    return {name: getattr(whole, name) for name in changes}


def parts_of(text: str) -> list[str]:
    """What stands between commas, those in quotes left alone.

    Raises:
        InvalidInput: quotes are not closed.
    """
    plain = text.translate(QUOTES)
    if plain.count('"') % 2:
        raise InvalidInput(f"A quote in the settings is not closed. {QUOTED}")
    return [part.strip() for part in PART.findall(plain) if part.strip()]


def written(changes: Mapping[str, Value]) -> str:
    """Settings as `parse_changes` reads them."""
    return ", ".join(f"{name}={written_value(value)}" for name, value in changes.items())


def written_value(value: Value) -> str:
    """One setting's value as a person types it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "off" if value is None else str(value)
    return f'"{text}"' if "," in text else text


def choices_of(name: str) -> tuple[str, ...]:
    """All values that a setting can have, where they are few; as people type them."""
    kind = Recipe.model_fields[name].annotation
    if kind is bool:
        return ("yes", "no")
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return tuple(kind)
    return get_args(kind) if get_origin(kind) is Literal else ()


def _pair(part: str) -> tuple[str, Value]:
    name, sign, value = (piece.strip().lower() for piece in part.partition("="))
    value = _unquoted(value)
    if not sign or not value:
        raise InvalidInput(HOW)
    if name not in SETTINGS:
        raise InvalidInput(f"There is no such setting. There are: {', '.join(sorted(SETTINGS))}.")
    can_be_off = type(None) in get_args(Recipe.model_fields[name].annotation)
    return name, None if can_be_off and value == "off" else value


def _unquoted(value: str) -> str:
    if '"' not in value:
        return value
    inside = value[1:-1]
    if not (value.startswith('"') and value.endswith('"')) or '"' in inside:
        raise InvalidInput(QUOTED)
    return inside.strip()
