"""The REST border: every request is counted, authorised, read and checked; so is its answer."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from bot.playground import problems
from bot.playground.config import Limits, PlaygroundConfig
from bot.playground.faults import Fault, Faults
from bot.playground.ledger import Ledger
from bot.playground.problems import ApiError, InvalidFormError
from bot.playground.ratelimit import RateLimiter, Verdict, retry_headers
from bot.playground.schema import Schema, string_snowflakes
from bot.playground.uploads import Upload

Json = dict[str, Any]
PREFIX = "/api/v10"
RATE_LIMITED = "You are being rate limited."


@dataclass(frozen=True)
class Call:
    """A request, read and checked: path parameters, query, JSON and files by number."""

    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    files: Mapping[int, Upload] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Status and JSON; no JSON for 204."""

    body: Any = None
    status: int = 200


NOTHING = Answer(status=204)
Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """An operation of the OpenAPI description and the function that carries it out."""

    method: str
    path: str
    handler: Handler
    by_token: bool = False
    """Authorised by the interaction token in its path, not by the bot's."""


class Rest:
    """Puts the routes on an aiohttp application."""

    def __init__(
        self,
        *,
        config: PlaygroundConfig,
        limits: Limits,
        schema: Schema,
        ledger: Ledger,
        faults: Faults,
        limiter: RateLimiter,
    ) -> None:
        self._config = config
        self._limits = limits
        self._schema = schema
        self._ledger = ledger
        self._faults = faults
        self._limiter = limiter

    def mount(self, app: web.Application, routes: Sequence[Route]) -> None:
        """Serve `routes` below /api/v10, and refuse everything else there."""
        for route in routes:
            app.router.add_route(route.method, PREFIX + route.path, self._serving(route))
        app.router.add_route("*", "/api/{tail:.*}", self._refuse)

    def _serving(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            started = time.perf_counter()
            response = await self._serve(route, request)
            elapsed_ms = (time.perf_counter() - started) * 1000
            path = request.path.removeprefix(PREFIX)
            self._ledger.request(
                route.method, path, status=response.status, ms=round(elapsed_ms, 2)
            )
            return response

        return serve

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(PREFIX)
        kinds = ("rate_limit", "server_error", "slow", "lost_answer")
        fault = self._faults.take(kinds, method=route.method, path=path)
        if fault and fault.kind == "server_error":
            await request.read()
            return web.Response(status=int(fault.fields["status"]), text="upstream error")
        if fault and fault.kind == "rate_limit":
            await request.read()
            return self._checked(route, *_faulty(fault))
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.fields["delay_s"])
        verdict = self._limiter.admit(route.method, route.path, request.match_info)
        if verdict.retry_after_s is not None:
            await request.read()
            return self._checked(route, *_too_many(verdict))
        answer = await self._answer(route, request)
        if fault and fault.kind == "lost_answer" and request.transport:
            request.transport.abort()
        return self._checked(route, answer, verdict.headers)

    async def _answer(self, route: Route, request: web.Request) -> Answer:
        try:
            self._authorise(route, request)
            return route.handler(await self._read(route, request))
        except ApiError as error:
            self._note(route, error)
            return Answer(error.body, error.status)

    def _checked(
        self, route: Route, answer: Answer, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        if self._config.validate_answers:
            found = self._schema.check_answer(route.method, route.path, answer.status, answer.body)
            complaints = [f"{path}: {what}" for path, what in found]
            self._violations("answer_schema", route, complaints, answer.status)
        return _response(answer, headers)

    def _authorise(self, route: Route, request: web.Request) -> None:
        if route.by_token:
            return
        if request.headers.get("Authorization") != f"Bot {self._config.token}":
            raise problems.unauthorized()

    async def _read(self, route: Route, request: web.Request) -> Call:
        body, files = await read_body(request, most=int(self._limits.request_max_bytes))
        string_snowflakes(body)
        broken = _path_rules(request.match_info)
        broken += self._schema.check_query(route.method, route.path, request.query)
        if request.method != "GET":
            broken += self._schema.check_request(route.method, route.path, body)
        if broken:
            self._violations(
                "request_schema", route, [f"{path}: {what}" for path, what in broken], 400
            )
            error = InvalidFormError(broken)
            error.broken_rules = ()
            raise error
        return Call(request.match_info, request.query, body, files)

    def _note(self, route: Route, error: ApiError) -> None:
        """A broken rule is a violation; an ordinary refusal (a dead token) is not."""
        rules = list(error.broken_rules)
        if error.status == 413:
            rules.append(str(error))
        self._violations("limit", route, rules, error.status)

    def _violations(self, kind: str, route: Route, details: Sequence[str], status: int) -> None:
        for detail in details:
            self._ledger.violation(
                kind, detail, method=route.method, path=route.path, status=status
            )

    async def _refuse(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(PREFIX)
        what = "There is no such route in the playground."
        self._ledger.violation("unknown_route", what, method=request.method, path=path, status=404)
        self._ledger.request(request.method, path, status=404, ms=0.0)
        error = problems.not_found()
        if self._config.validate_answers:  # by no operation, so by what all errors have in common
            for where, wrong in self._schema.check_object("ErrorResponse", error.body):
                self._ledger.violation("answer_schema", f"{where}: {wrong}", path=path, status=404)
        return _response(Answer(error.body, error.status), {})


async def read_body(request: web.Request, *, most: int) -> tuple[Any, dict[int, Upload]]:
    """The JSON of a request and its files by number, plain or multipart.

    Raises ApiError for more than `most` bytes, once they have been read: a client that is cut off
    while it sends would not see the answer.
    """
    if (request.content_length or 0) > most:
        async for _ in request.content.iter_any():
            pass
        raise problems.too_large()
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request)
    data = await request.read()
    return (_json(data) if data else None), {}


async def _read_multipart(request: web.Request) -> tuple[Any, dict[int, Upload]]:
    body: Any = {}
    files: dict[int, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        name, data = part.name or "", bytes(await part.read())
        if name == "payload_json":
            body = _json(data)
        elif name.startswith("files[") and name[6:-1].isdigit():
            content_type = part.headers.get("Content-Type")
            files[int(name[6:-1])] = Upload(part.filename or "unknown", data, content_type)
    return body, files


def _path_rules(params: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is wrong with the ids of a path."""
    ids = {name: value for name, value in params.items() if name.endswith("_id")}
    return [
        (name, f"Value {value!r} is not snowflake.")
        for name, value in ids.items()
        if not (value.isascii() and value.isdigit())
    ]


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


def _response(answer: Answer, headers: Mapping[str, str]) -> web.Response:
    """Discord's JSON answers say `application/json` and no charset; clients compare the header."""
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    data = json.dumps(answer.body).encode()
    plain = {**headers, "Content-Type": "application/json"}
    return web.Response(body=data, status=answer.status, headers=plain)


def _too_many(verdict: Verdict) -> tuple[Answer, Mapping[str, str]]:
    retry_after_s = verdict.retry_after_s or 0.0
    body = {"message": RATE_LIMITED, "retry_after": round(retry_after_s, 3), "code": 0}
    body["global"] = verdict.is_global
    return Answer(body, 429), {**verdict.headers, **retry_headers(retry_after_s)}


def _faulty(fault: Fault) -> tuple[Answer, Mapping[str, str]]:
    """A 429 as ordered."""
    retry_after_s = float(fault.fields["retry_after_s"])
    scope = fault.fields["scope"]
    headers = {
        **retry_headers(retry_after_s),
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{time.time() + retry_after_s:.3f}",
        "X-RateLimit-Reset-After": f"{retry_after_s:.3f}",
        "X-RateLimit-Bucket": "0" * 32,
        "X-RateLimit-Scope": scope,
    }
    if not fault.fields["via"]:
        del headers["Via"]
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    body = {"message": RATE_LIMITED, "retry_after": retry_after_s, "global": scope == "global"}
    return Answer({**body, "code": 0}, 429), headers
