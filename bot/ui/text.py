"""Small pieces of text: user text made harmless, numbers as people say them."""

import re
from collections.abc import Sequence

from core.domain.jobs import Job

# What Discord's markdown takes for a sign, anywhere or only at the start of a line.
_SIGNS = re.compile(r"([\\*_~`|\[\]]|^\s*[>#-]|(?<=https:)/|(?<=http:)/|<(?=[@#/:ta]|id:)|@)", re.M)
# Control characters, and the ones that turn the direction of what follows them.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_ESCAPED_ROLE = re.compile(r"\\<\\@(&\d+>)")
BAR_CELLS = 12


def plain(text: str, limit: int = 4000) -> str:
    """One line of user text: no control characters, spaces joined, cut at `limit` characters."""
    line = " ".join(_CONTROL.sub("", text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def escaped(text: str, limit: int = 1000) -> str:
    """User text as one line in which Discord sees no markdown, link, mention or emoji."""
    return _SIGNS.sub(r"\\\1", plain(text, limit))


def told(text: str, limit: int = 1000) -> str:
    """A sentence of the bot's own, which may quote users: `escaped`, with roles by their names.

    Nobody is pinged: the bot allows its messages no mentions.
    """
    return _ESCAPED_ROLE.sub(r"<@\1", escaped(text, limit))


def code(text: str, limit: int = 1000) -> str:
    """User text as inline code; nothing in it is interpreted."""
    return f"`{_no_ticks(plain(text, limit))}`"


def block(text: str, limit: int = 1000) -> str:
    """User text as a code block, which Discord lets people copy."""
    return f"```\n{_no_ticks(plain(text, limit))}\n```"


def _no_ticks(text: str) -> str:
    return text.replace("`", "ˋ") or " "


def ordinal(number: int) -> str:
    """1 → 1st, 2 → 2nd, 11 → 11th."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def duration(seconds: float) -> str:
    """A length of time in the unit that people would use: 0.8 s, 12 s, 3 min, 2 h."""
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def took(job: Job) -> str:
    """How long a job ran; empty while that is not known."""
    if job.started_at is None or job.ended_at is None:
        return ""
    return duration((job.ended_at - job.started_at).total_seconds())


def about(seconds: float | None) -> str:
    """An estimate, never below a second; empty when there is none."""
    return "" if seconds is None else f"about {duration(max(1, round(seconds)))}"


def bar(done: int, total: int) -> str:
    """A bar of text for `done` of `total`."""
    filled = round(BAR_CELLS * min(1.0, done / max(1, total)))
    return "▰" * filled + "▱" * (BAR_CELLS - filled)


def dotted(*parts: str) -> str:
    """The parts that are not empty, with dots between."""
    return " · ".join(part for part in parts if part)


def listed(words: Sequence[str], last: str = "and") -> str:
    """a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
