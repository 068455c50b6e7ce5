"""Rate limits: the buckets, their headers, and how discord.py lives with them."""

from bot.playground.config import Limits
from bot.playground.ratelimit import RateLimiter, retry_headers

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"


class Hands:
    """A clock that is moved by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_bucket_fills_and_empties() -> None:
    """Five posts a channel in five seconds; the sixth is told when to come back."""
    hands = Hands()
    limiter = RateLimiter(Limits(), hands)
    for left in (4, 3, 2, 1, 0):
        verdict = limiter.admit("POST", MESSAGES, {"channel_id": "1"})
        assert verdict.retry_after_s is None
        assert verdict.headers["X-RateLimit-Remaining"] == str(left)
    refused = limiter.admit("POST", MESSAGES, {"channel_id": "1"})
    assert refused.retry_after_s is not None
    assert 5 < refused.retry_after_s < 5.1
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert limiter.admit("POST", MESSAGES, {"channel_id": "2"}).retry_after_s is None
    hands.now_s += 5
    assert limiter.admit("POST", MESSAGES, {"channel_id": "1"}).retry_after_s is None


def test_routes_have_buckets_of_their_own() -> None:
    """Posts and edits of a channel are counted apart; the name is the same for every channel."""
    limiter = RateLimiter(Limits(), Hands())
    post = limiter.admit("POST", MESSAGES, {"channel_id": "1"}).headers
    other = limiter.admit("POST", MESSAGES, {"channel_id": "2"}).headers
    edit = limiter.admit("PATCH", MESSAGE, {"channel_id": "1", "message_id": "3"}).headers
    assert post["X-RateLimit-Bucket"] == other["X-RateLimit-Bucket"] != edit["X-RateLimit-Bucket"]
    assert edit["X-RateLimit-Remaining"] == "4"


def test_fifty_a_second_in_all() -> None:
    """The 51st request in a second is refused globally; callbacks do not count."""
    hands = Hands()
    limiter = RateLimiter(Limits(), hands)
    for number in range(50):
        assert limiter.admit("GET", MESSAGES, {"channel_id": str(number)}).retry_after_s is None
    refused = limiter.admit("GET", MESSAGES, {"channel_id": "51"})
    assert refused.is_global
    assert refused.headers["X-RateLimit-Global"] == "true"
    callback = "/interactions/{interaction_id}/{interaction_token}/callback"
    assert limiter.admit("POST", callback, {}).retry_after_s is None
    hands.now_s += 1
    assert limiter.admit("GET", MESSAGES, {"channel_id": "51"}).retry_after_s is None


def test_every_429_says_when_and_via() -> None:
    """Retry-After is in whole seconds, rounded up."""
    assert retry_headers(0.2) == {"Retry-After": "1", "Via": "1.1 google"}


def test_windows_that_have_ended_are_forgotten() -> None:
    """Tokens come and go; their windows do not pile up."""
    hands = Hands()
    limiter = RateLimiter(Limits(global_per_s=1e9), hands)
    for number in range(12_000):
        hands.now_s += 0.01
        limiter.admit(
            "POST", "/webhooks/{webhook_id}/{webhook_token}", {"webhook_token": f"{number}"}
        )
    assert len(limiter._windows) <= 5001
