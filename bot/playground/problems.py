"""Discord's error answers, and the sentences that the control API answers with."""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An error answer of the REST API: HTTP status, Discord's code and message."""

    def __init__(self, status: int, code: int, message: str, *, extra: Json | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.broken_rules: Sequence[str] = ()
        self.body: Json = {"message": message, "code": code, **(extra or {})}


class InvalidFormError(ApiError):
    """400 / 50035: the request breaks rules, each named by the path of the field."""

    def __init__(self, rules: Sequence[tuple[str, str]]) -> None:
        """`rules` are pairs of a dotted field path and what is wrong with it."""
        super().__init__(400, 50035, "Invalid Form Body", extra={"errors": _nested(rules)})
        self.broken_rules = [f"{path}: {what}" for path, what in rules]


class ControlError(Exception):
    """A control call that cannot be carried out; the text says what to do."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def _nested(rules: Sequence[tuple[str, str]]) -> Json:
    """The tree of `_errors` lists in which Discord reports bad fields; the deepest are told."""
    tree: Json = {}
    for path, what in sorted(rules, key=lambda rule: -rule[0].count(".")):
        node = tree
        for step in path.split("."):
            node = node.setdefault(step, {})
        if set(node) <= {"_errors"}:
            found = {"code": "BASE_TYPE_INVALID", "message": what}
            node.setdefault("_errors", []).append(found)
    return tree


def unauthorized() -> ApiError:
    """The token is missing or wrong."""
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    """There is no such route."""
    return ApiError(404, 0, "404: Not Found")


def unknown(what: str) -> ApiError:
    """404 for a thing by its name in Discord's list of codes."""
    return ApiError(404, UNKNOWN[what], f"Unknown {what}")


def missing_access() -> ApiError:
    """The bot may not see the channel or guild."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """The bot lacks a permission."""
    return ApiError(403, 50013, "Missing Permissions")


def cannot_message_user() -> ApiError:
    """The user cannot be written to."""
    return ApiError(403, 50007, "Cannot send messages to this user")


def not_the_author() -> ApiError:
    """Only the author may change a message."""
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    """A message needs a content, an embed, a component or a file."""
    return ApiError(400, 50006, "Cannot send an empty message")


def already_acknowledged() -> ApiError:
    """An interaction is answered once."""
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def dead_token() -> ApiError:
    """The token of an interaction has died."""
    return ApiError(401, 50027, "Invalid Webhook Token")


def too_large() -> ApiError:
    """The request has more bytes than Discord takes."""
    return ApiError(413, 40005, "Request entity too large")


def too_many_old_edits() -> ApiError:
    """Messages over an hour old can be edited only so often."""
    told = "Maximum number of edits to messages older than 1 hour reached. Try again later"
    return ApiError(429, 30046, told, extra={"retry_after": 60.0, "global": False})


UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}
