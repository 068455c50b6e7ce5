"""Reading control calls and answering them."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from bot.playground.problems import ControlError
from bot.playground.uploads import Upload

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Body:
    """The JSON of a call and its files by part name."""

    fields: Json
    files: dict[str, Upload]

    def text(self, name: str, default: str | None = None) -> str:
        """A field as text. Raises ControlError if it is missing and has no default."""
        value = self.fields.get(name, default)
        if value is None:
            raise ControlError(f"Give the field {name!r}.")
        return str(value)

    def mapping(self, name: str) -> Json:
        """A field that is an object; empty if left out. Raises ControlError if it is not."""
        value = self.fields.get(name) or {}
        if not isinstance(value, dict):
            raise ControlError(f"The field {name!r} is an object.")
        return value

    def listed(self, name: str) -> list[str]:
        """A field that is a list of texts; empty if left out. Raises ControlError if it is not."""
        value = self.fields.get(name) or []
        if not isinstance(value, list):
            raise ControlError(f"The field {name!r} is a list.")
        return [str(one) for one in value]

    def file(self, part: str) -> Upload:
        """A file by its part name. Raises ControlError if it was not sent."""
        if part not in self.files:
            raise ControlError(f"Send the file as the form part {part!r}.")
        return self.files[part]


async def read(request: web.Request) -> Body:
    """The body of a call, JSON or multipart with the JSON in `payload`. Raises ControlError.

    Clients differ in how much of a file's name they percent-encode: all of it is decoded.
    """
    if request.content_type != "multipart/form-data":
        data = await request.read()
        return Body(_fields(data or b"{}"), {})
    fields: Json = {}
    files: dict[str, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data, name = bytes(await part.read()), part.name or ""
        if name == "payload":
            fields = _fields(data)
        elif part.filename:
            filename = unquote(part.filename)
            files[name] = Upload(filename, data, part.headers.get("Content-Type"))
    return Body(fields, files)


def answer(value: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.json_response(value, status=status)


def whole(request: web.Request, name: str, default: int) -> int:
    """A query parameter as a whole number, however large. Raises ControlError if it is none."""
    text = request.query.get(name, str(default))
    if not text.isdigit():
        raise ControlError(f"The parameter {name!r} is a whole number.")
    return int(text)


def query(request: web.Request, name: str) -> str:
    """A query parameter. Raises ControlError if it is missing."""
    if name not in request.query:
        raise ControlError(f"Give the parameter {name!r}.")
    return request.query[name]


def number(request: web.Request, name: str, default: float) -> float:
    """A query parameter as a number. Raises ControlError if it is none."""
    try:
        return float(request.query.get(name, default))
    except ValueError:
        raise ControlError(f"The parameter {name!r} is a number.") from None


def speaking(handler: Handler) -> Handler:
    """`handler`, with ControlError turned into its answer."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ControlError as error:
            return answer({"error": str(error)}, error.status)

    return handle


def _fields(data: bytes) -> Json:
    try:
        fields = json.loads(data)
    except ValueError:
        raise ControlError("The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise ControlError("The body must be a JSON object.")
    return fields
