"""Faults on order: the next requests or events that match go wrong in the way asked for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bot.playground.problems import ControlError

Json = dict[str, Any]

FIELDS: dict[str, dict[str, Any]] = {
    "rate_limit": {"retry_after_s": 1.0, "scope": "user", "via": True},
    "server_error": {"status": 500},
    "lost_answer": {},
    "slow": {"delay_s": 1.0},
    "slow_cdn": {"delay_s": 1.0},
    "cdn_error": {"status": 500},
    "dead_token": {},
    "late_interaction": {},
    "lost_event": {"event": ""},
}
SELECTORS = {"kind", "count", "method", "path"}


@dataclass
class Fault:
    """One order: hits the next `left` requests whose method and path match."""

    id: int
    kind: str
    left: int
    method: str
    path: re.Pattern[str]
    fields: Json = field(default_factory=dict)

    def matches(self, method: str, path: str) -> bool:
        """Whether this fault wants a request; events match with their name as path."""
        return self.method in {"", method} and self.path.search(path) is not None

    def as_json(self) -> Json:
        """The order as the control API shows it."""
        selector = {"method": self.method, "path": self.path.pattern}
        return {"id": self.id, "kind": self.kind, "count": self.left, **selector, **self.fields}


class Faults:
    """The standing orders, oldest first."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._ids = count(1)

    def order(self, body: Json) -> Fault:
        """Take an order. Raises ControlError for a kind or field that does not exist."""
        kind = body.get("kind", "")
        if kind not in FIELDS:
            raise ControlError(f"Choose a kind of fault among: {', '.join(FIELDS)}.")
        strange = set(body) - set(FIELDS[kind]) - SELECTORS
        if strange:
            raise ControlError(f"A {kind} fault has no {', '.join(sorted(strange))}.")
        fields = {name: body.get(name, default) for name, default in FIELDS[kind].items()}
        try:
            path = re.compile(body.get("path") or fields.get("event", ""))
        except re.error as error:
            raise ControlError(f"The path is no regular expression: {error}.") from None
        method = str(body.get("method", "")).upper()
        fault = Fault(next(self._ids), kind, int(body.get("count", 1)), method, path, fields)
        self._orders.append(fault)
        return fault

    def take(self, kinds: Iterable[str], *, method: str = "", path: str = "") -> Fault | None:
        """The first order of one of `kinds` that matches, with one hit used up."""
        for fault in self._orders:
            if fault.kind in kinds and fault.matches(method, path):
                fault.left -= 1
                if fault.left <= 0:
                    self._orders.remove(fault)
                return fault
        return None

    def standing(self) -> list[Json]:
        """The orders that still have hits left."""
        return [fault.as_json() for fault in self._orders]

    def forget(self) -> None:
        """Drop every order."""
        self._orders.clear()
