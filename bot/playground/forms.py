"""The data of a chosen select and of a submitted modal, with the checks of Discord's client."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.playground import components as parts
from bot.playground.problems import ControlError
from bot.playground.resolved import Resolved

Json = dict[str, Any]
LONGEST_TEXT = 4000


def chosen(select: Json, values: list[str], resolved: Resolved) -> list[str]:
    """The values of a select menu in the form that the bot gets. Raises ControlError."""
    kind = select["type"]
    if select.get("options") is not None:
        _check_choice(select, values)
        return values
    references: Mapping[int, Callable[[str], str]] = {
        parts.USER_SELECT: resolved.user,
        parts.ROLE_SELECT: resolved.role,
        parts.MENTIONABLE_SELECT: resolved.mentionable,
        parts.CHANNEL_SELECT: resolved.channel,
        parts.FILE_UPLOAD: resolved.attachment,
    }
    return [references[kind](value) for value in values]


def check_number(component: Json, number: int) -> None:
    """Refuse too few or too many values. Raises ControlError."""
    required = component.get("required") is not False
    least = component.get("min_values")
    least = 1 if least is None else least
    most = component.get("max_values") or 1
    if number == 0 and (not required or least == 0):
        return
    if not least <= number <= most:
        raise ControlError(f"{component['custom_id']!r} takes {least} to {most} values.")


def submitted(rows: list[Json], values: Mapping[str, Any], resolved: Resolved) -> list[Json]:
    """A modal's components as the bot gets them. Raises ControlError for bad values."""
    known = {one["custom_id"] for one in parts.walk(rows) if one.get("custom_id")}
    strange = set(values) - known
    if strange:
        raise ControlError(f"The modal has no field {sorted(strange)[0]!r}.")
    return [_row(row, values, resolved) for row in rows]


def _row(row: Json, values: Mapping[str, Any], resolved: Resolved) -> Json:
    about = {"type": row["type"], "id": row["id"]}
    if row["type"] == parts.LABEL:
        return {**about, "component": _field(row["component"], values, resolved)}
    if row["type"] == parts.ROW:
        return {**about, "components": [_field(one, values, resolved) for one in row["components"]]}
    return about


def _field(field: Json, values: Mapping[str, Any], resolved: Resolved) -> Json:
    about = {"type": field["type"], "id": field["id"], "custom_id": field["custom_id"]}
    value = values.get(field["custom_id"])
    if field["type"] == parts.TEXT_INPUT:
        return {**about, "value": _text(field, value)}
    if field["type"] == parts.CHECKBOX:
        return {**about, "value": bool(field.get("default") if value is None else value)}
    listed = _listed(field, value)
    check_number(field, len(listed))
    ready = chosen(field, listed, resolved)
    if field["type"] == parts.RADIO_GROUP:
        return {**about, "value": ready[0] if ready else None}
    return {**about, "values": ready}


def _text(field: Json, value: Any) -> str:
    text = str(field.get("value") or "") if value is None else str(value)
    required = field.get("required") is not False
    least, most = field.get("min_length") or 0, field.get("max_length") or LONGEST_TEXT
    if not text and not required:
        return text
    if not max(least, 1 if required else 0) <= len(text) <= most:
        raise ControlError(f"{field['custom_id']!r} takes {least or 1} to {most} characters.")
    return text


def _listed(field: Json, value: Any) -> list[str]:
    if value is None:
        defaults = [one["value"] for one in field.get("options") or () if one.get("default")]
        return defaults + [one["id"] for one in field.get("default_values") or ()]
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _check_choice(select: Json, values: list[str]) -> None:
    known = {option["value"] for option in select["options"]}
    strange = [value for value in values if value not in known]
    if strange or len(set(values)) < len(values):
        raise ControlError(f"Choose among: {', '.join(sorted(known))}, each once.")
