"""Message components: walking through them, and the form in which Discord gives them back."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = dict[str, Any]
Media = Callable[[str], Json]

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = (
    *range(9, 15),
    17,
    18,
)
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = range(5, 9)
FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 19, 21, 22, 23
SELECTS = range(STRING_SELECT, CHANNEL_SELECT + 1)
LINK, PREMIUM = 5, 6
UPLOADED = "attachment://"

DEFAULTS: dict[int, Json] = {
    **{kind: {"min_values": 1, "max_values": 1} for kind in SELECTS if kind != TEXT_INPUT},
    THUMBNAIL: {"description": None, "spoiler": False},
    FILE: {"spoiler": False},
    SEPARATOR: {"spacing": 1, "divider": True},
    CONTAINER: {"accent_color": None, "spoiler": False},
}


def walk(components: Iterable[Json]) -> Iterator[Json]:
    """Every component, parents before children."""
    for component in components:
        yield component
        yield from walk(component.get("components") or ())
        yield from walk(
            component[name] for name in ("accessory", "component") if component.get(name)
        )


def find(components: Iterable[Json], custom_id: str) -> Json | None:
    """The component with `custom_id`."""
    return next((one for one in walk(components) if one.get("custom_id") == custom_id), None)


def numbered(components: Iterable[Json]) -> tuple[Json, ...]:
    """`components` as they are kept: nulls dropped, defaults filled in, each with an id."""
    kept = [_filled(component) for component in components]
    taken = {one["id"] for one in walk(kept) if one.get("id")}
    free = (number for number in range(1, 10_000) if number not in taken)
    for one in walk(kept):
        one["id"] = one.get("id") or next(free)
    return tuple(kept)


def uploads_named(embeds: Iterable[Json], components: Iterable[Json]) -> set[str]:
    """The names of the files that embeds or components show as `attachment://name`."""
    addresses = [
        part.get(name, "")
        for embed in embeds
        for place, name in EMBED_PICTURES
        if isinstance(part := embed.get(place), dict)
    ]
    for one in walk(components):
        addresses += [media["url"] for media in _media_of(one)]
    return {a.removeprefix(UPLOADED) for a in addresses if a.startswith(UPLOADED)}


def shown(component: Json, media: Media) -> Json:
    """A kept component as an answer holds it; `media` unfurls an address."""
    answer = {**component}
    for name in ("components", "accessory", "component"):
        if isinstance(component.get(name), list):
            answer[name] = [shown(child, media) for child in component[name]]
        elif component.get(name):
            answer[name] = shown(component[name], media)
    if component["type"] == THUMBNAIL:
        answer["media"] = _without_file(media(component["media"]["url"]))
    if component["type"] == GALLERY:
        answer["items"] = [_shown_item(item, media) for item in component["items"]]
    if component["type"] == FILE:
        file = media(component["file"]["url"])
        answer |= {"name": file.pop("name"), "size": file.pop("size"), "file": file}
    return answer


EMBED_PICTURES = (
    ("image", "url"),
    ("thumbnail", "url"),
    ("author", "icon_url"),
    ("footer", "icon_url"),
)


def _media_of(component: Json) -> list[Json]:
    if component["type"] == GALLERY:
        return [item["media"] for item in component["items"]]
    return [component[name] for name in ("media", "file") if isinstance(component.get(name), dict)]


def _shown_item(item: Json, media: Media) -> Json:
    return {
        "description": item.get("description"),
        "spoiler": bool(item.get("spoiler")),
        "media": _without_file(media(item["media"]["url"])),
    }


def _without_file(item: Json) -> Json:
    return {name: value for name, value in item.items() if name not in {"name", "size"}}


def _filled(component: Json) -> Json:
    filled: Json = {**DEFAULTS.get(component["type"], {}), **_without_nulls(component)}
    for name in ("components", "accessory", "component"):
        if isinstance(filled.get(name), list):
            filled[name] = [_filled(child) for child in filled[name]]
        elif filled.get(name):
            filled[name] = _filled(filled[name])
    for name in ("options", "items"):
        if name in filled:
            filled[name] = [_without_nulls(one) for one in filled[name]]
    if isinstance(filled.get("emoji"), dict):
        filled["emoji"] = _without_nulls(filled["emoji"])
    return filled


def _without_nulls(value: Json) -> Json:
    return {name: part for name, part in value.items() if part is not None}
