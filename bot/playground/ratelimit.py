"""Discord's rate limits: a bucket a route and major parameter, 50 requests a second in all."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.playground.config import Limits

MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
UNLIMITED = "/interactions/"
WITHOUT_GLOBAL = ("/interactions/", "/webhooks/")
EXPECTED_SPREAD_S = 0.005
MOST_WINDOWS = 5000


@dataclass
class Window:
    """A fixed window: `left` requests until `ends`."""

    limit: int
    left: int
    ends: float


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and the X-RateLimit headers of its answer."""

    headers: Mapping[str, str]
    retry_after_s: float | None = None
    is_global: bool = False


class RateLimiter:
    """Counts requests. `now` is in seconds; the buckets' sizes come from `limits`."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._windows: dict[str, Window] = {}
        self._everything = Window(0, 0, 0.0)

    def admit(self, method: str, path: str, params: Mapping[str, str]) -> Verdict:
        """Count one request to the template `path`."""
        if not path.startswith(WITHOUT_GLOBAL):
            wait = self._take(self._whole_second())
            if wait is not None:
                return Verdict(_global_headers(wait), wait, is_global=True)
        if path.startswith(UNLIMITED):
            return Verdict({})
        limit, per_s, bucket = self._bucket(method, path)
        major = ":".join(params[name] for name in MAJOR if name in params)
        window = self._window(f"{bucket}:{major}", limit, per_s)
        wait = self._take(window)
        return Verdict(self._headers(window, bucket, refused=wait is not None), wait)

    def _take(self, window: Window) -> float | None:
        if window.left <= 0:
            return max(0.0, window.ends - self._now()) + EXPECTED_SPREAD_S
        window.left -= 1
        return None

    def _whole_second(self) -> Window:
        if self._now() >= self._everything.ends:
            limit = int(self._limits.global_per_s)
            self._everything = Window(limit, limit, self._now() + 1.0)
        return self._everything

    def _window(self, key: str, limit: int, per_s: float) -> Window:
        window = self._windows.get(key)
        if len(self._windows) > MOST_WINDOWS:
            self._windows = {k: w for k, w in self._windows.items() if w.ends > self._now()}
        if window is None or self._now() >= window.ends:
            window = Window(limit, limit, self._now() + per_s)
            self._windows[key] = window
        return window

    def _bucket(self, method: str, path: str) -> tuple[int, float, str]:
        """Size, seconds and name of a route's bucket; the webhook of a token shares one."""
        messages = int(self._limits.messages_per_5_s)
        if path.startswith("/webhooks/"):
            return messages, 2.0, _name("webhooks")
        if path == "/channels/{channel_id}/messages" and method == "POST":
            return messages, 5.0, _name(f"{method} {path}")
        if path == "/channels/{channel_id}/messages/{message_id}" and method == "PATCH":
            return messages, 5.0, _name(f"{method} {path}")
        if "/reactions" in path:
            return 1, 0.25, _name("reactions")
        return 30, 5.0, _name(f"{method} {path}")

    def _headers(self, window: Window, bucket: str, *, refused: bool) -> Mapping[str, str]:
        headers = {
            "X-RateLimit-Limit": str(window.limit),
            "X-RateLimit-Remaining": str(window.left),
            "X-RateLimit-Reset": f"{window.ends:.3f}",
            "X-RateLimit-Reset-After": f"{max(0.0, window.ends - self._now()):.3f}",
            "X-RateLimit-Bucket": bucket,
        }
        return {**headers, "X-RateLimit-Scope": "user"} if refused else headers


def retry_headers(retry_after_s: float) -> Mapping[str, str]:
    """The headers of every 429: Retry-After in seconds, and Via, without which clients give up."""
    return {"Retry-After": str(math.ceil(retry_after_s)), "Via": "1.1 google"}


def _global_headers(retry_after_s: float) -> Mapping[str, str]:
    after = {"X-RateLimit-Reset-After": f"{retry_after_s:.3f}"}
    return {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global", **after}


def _name(route: str) -> str:
    return hashlib.md5(route.encode(), usedforsecurity=False).hexdigest()
