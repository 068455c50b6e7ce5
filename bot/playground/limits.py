"""The rules of messages and modals that the OpenAPI description does not hold.

Every check yields (dotted field path, sentence) pairs. Figures: Discord's documentation,
"Create Message", "Component Reference" and "Embed Limits".
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from bot.playground import components as parts
from bot.playground.world import COMPONENTS_V2, VOICE

Json = dict[str, Any]
Rule = tuple[str, str]

CONTENT, EMBEDS_SUM, ROWS, V2_COMPONENTS, V2_TEXT, ATTACHMENTS = 2000, 6000, 5, 40, 4000, 10
MODAL_PARTS = 5
VALUES: dict[int, tuple[type, ...]] = {3: (str,), 4: (int,), 10: (int, float)}
BUTTONS_IN_ROW = 5
ONLY_V2 = {
    parts.SECTION,
    parts.TEXT_DISPLAY,
    parts.THUMBNAIL,
    parts.GALLERY,
    parts.FILE,
    parts.SEPARATOR,
    parts.CONTAINER,
}


def message_rules(body: Json, *, flags: int, names: set[str], attachments: int) -> Iterator[Rule]:
    """What is wrong with a message as it would stand.

    `body` holds its content, embeds and components, `names` the names of its files,
    `attachments` their number.
    """
    content, embeds = body.get("content") or "", body.get("embeds") or []
    rows = body.get("components") or []
    if len(content) > CONTENT:
        yield "content", f"Must be {CONTENT} or fewer in length."
    if sum(map(_embed_length, embeds)) > EMBEDS_SUM:
        yield "embeds", f"Embed size exceeds maximum size of {EMBEDS_SUM}"
    if attachments > ATTACHMENTS:
        yield "attachments", f"Must be {ATTACHMENTS} or fewer in length."
    yield from _unknown_uploads(embeds, rows, names)
    yield from _component_rules(rows)
    yield from _v2_rules(content, embeds, rows) if flags & COMPONENTS_V2 else _classic_rules(rows)


def voice_rules(body: Json, flags: int) -> Iterator[Rule]:
    """What is wrong with a message that is flagged as a voice message."""
    if not flags & VOICE:
        return
    described = body.get("attachments") or []
    if body.get("content") or body.get("embeds") or body.get("components"):
        yield "flags", "Voice messages do not support additional content."
    if len(described) != 1:
        yield "flags", "Voice messages must have a single audio attachment."
    elif not (described[0].get("duration_secs") and described[0].get("waveform")):
        yield "attachments.0", "Voice messages must have supporting metadata."


def modal_rules(data: Json) -> Iterator[Rule]:
    """What is wrong with a modal."""
    if len(data["components"]) > MODAL_PARTS:
        yield "data.components", f"Must be between 1 and {MODAL_PARTS} in length."
    for path, what in _component_rules(data["components"]):
        yield f"data.{path}", what


def choices_rules(choices: Iterable[Json], option_type: int) -> Iterator[Rule]:
    """What is wrong with autocomplete choices for an option of `option_type` (3, 4 or 10)."""
    wanted = VALUES[option_type]
    for index, choice in enumerate(choices):
        value = choice["value"]
        if not isinstance(value, wanted) or isinstance(value, bool):
            yield f"data.choices.{index}.value", f"Is not a value of option type {option_type}."
        elif isinstance(value, str) and not 1 <= len(value) <= 100:
            yield f"data.choices.{index}.value", "Must be between 1 and 100 in length."


def _embed_length(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for field in embed.get("fields") or ():
        texts += [field["name"], field["value"]]
    return sum(len(text or "") for text in texts)


def _unknown_uploads(embeds: list[Json], rows: list[Json], names: set[str]) -> Iterator[Rule]:
    for name in sorted(parts.uploads_named(embeds, rows) - names):
        yield "attachments", f"The referenced attachment was not found in upload: {name}"


def _component_rules(rows: list[Json]) -> Iterator[Rule]:
    custom_ids = Counter(one["custom_id"] for one in parts.walk(rows) if one.get("custom_id"))
    for custom_id, times in custom_ids.items():
        if times > 1:
            yield "components", f"Component custom id cannot be duplicated: {custom_id}"
    for one in parts.walk(rows):
        yield from _button_rules(one) if one["type"] == parts.BUTTON else ()
        yield from _select_rules(one) if one["type"] in parts.SELECTS else ()
        yield from _row_rules(one) if one["type"] == parts.ROW else ()


def _button_rules(button: Json) -> Iterator[Rule]:
    style = button["style"]
    if style == parts.LINK and (button.get("custom_id") or not button.get("url")):
        yield "components", "A link button has a url and no custom_id."
    if style < parts.LINK and (button.get("url") or not button.get("custom_id")):
        yield "components", "A custom id is required, and a url is for link buttons only."
    if style != parts.PREMIUM and not (button.get("label") or button.get("emoji")):
        yield "components", "A button must have a label or an emoji."


def _select_rules(select: Json) -> Iterator[Rule]:
    least, most = _or(select.get("min_values"), 1), _or(select.get("max_values"), 1)
    options = select.get("options")
    if least > most:
        yield "components", "min_values is above max_values."
    if options is not None:
        values = [option["value"] for option in options]
        if len(set(values)) < len(values):
            yield "components", "The specified option value is already used."
        if most > len(values):
            yield "components", "max_values is above the number of options."
        if sum(bool(option.get("default")) for option in options) > most:
            yield "components", "More options are default than can be chosen."


def _row_rules(row: Json) -> Iterator[Rule]:
    kinds = {child["type"] for child in row["components"]}
    if kinds & set(parts.SELECTS) and len(row["components"]) > 1:
        yield "components", "A select or text input stands alone in its row."
    if len(row["components"]) > BUTTONS_IN_ROW:
        yield "components", f"Must be between 1 and {BUTTONS_IN_ROW} in length."


def _classic_rules(rows: list[Json]) -> Iterator[Rule]:
    if len(rows) > ROWS:
        yield "components", f"Must be {ROWS} or fewer in length."
    for index, row in enumerate(rows):
        if row["type"] in ONLY_V2:
            yield f"components.{index}.type", "Needs the IS_COMPONENTS_V2 flag."


def _v2_rules(content: str, embeds: list[Json], rows: list[Json]) -> Iterator[Rule]:
    if content:
        yield (
            "content",
            "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
        )
    if embeds:
        yield "embeds", "The 'embeds' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
    everything = list(parts.walk(rows))
    if len(everything) > V2_COMPONENTS:
        yield "components", f"The total number of components exceeds {V2_COMPONENTS}."
    if sum(len(one.get("content") or "") for one in everything) > V2_TEXT:
        yield "components", f"The text of all components exceeds {V2_TEXT} characters."


def _or(value: Any, default: int) -> int:
    return default if value is None else int(value)
