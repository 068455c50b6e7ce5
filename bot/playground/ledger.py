"""What the bot has asked for, and what was wrong with it."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

Json = dict[str, Any]
KEPT = 2000


@dataclass(frozen=True)
class Violation:
    """One broken rule.

    `kind` is request_schema, limit, unknown_route, gateway, answer_schema or event_schema.
    """

    seq: int
    kind: str
    method: str
    path: str
    status: int
    detail: str


@dataclass(frozen=True)
class Request:
    """One request of the bot, with how long its answer took."""

    seq: int
    method: str
    path: str
    status: int
    ms: float


class Ledger:
    """Keeps the last requests and every violation until it is emptied."""

    def __init__(self) -> None:
        self._seq = 0
        self._violations: list[Violation] = []
        self._requests: deque[Request] = deque(maxlen=KEPT)

    def violation(
        self, kind: str, detail: str, *, method: str = "", path: str = "", status: int = 0
    ) -> None:
        """Write down a broken rule."""
        self._seq += 1
        self._violations.append(Violation(self._seq, kind, method, path, status, detail))

    def request(self, method: str, path: str, *, status: int, ms: float) -> None:
        """Write down a request and its answer."""
        self._seq += 1
        self._requests.append(Request(self._seq, method, path, status, ms))

    def violations(self) -> list[Json]:
        """Every violation since the ledger was emptied, oldest first."""
        return [asdict(violation) for violation in self._violations]

    def requests(self, *, since: int = 0, method: str = "", path: str = "") -> list[Json]:
        """The last requests, oldest first: of `method`, with `path` as a part of theirs."""
        return [
            asdict(request)
            for request in self._requests
            if request.seq > since and method in {"", request.method} and path in request.path
        ]

    def forget_violations(self) -> None:
        """Empty the list of violations."""
        self._violations.clear()
