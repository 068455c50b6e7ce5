"""The words of the gateway: opcodes, close codes, and what a payload is."""

import json
from typing import Any

Json = dict[str, Any]

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE = range(5)
RESUME, RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = range(6, 12)
LARGEST_PAYLOAD = 4096
SENDS_A_MINUTE = 120
CLOSINGS = {
    4001: "Unknown opcode.",
    4002: "Error while decoding payload.",
    4003: "Not authenticated.",
    4004: "Authentication failed.",
    4005: "Already authenticated.",
    4007: "Invalid seq.",
    4008: "Rate limited.",
    4009: "Session timed out.",
    4010: "Invalid shard.",
    4012: "Invalid API version.",
    4013: "Invalid intent(s).",
    4014: "Disallowed intent(s).",
}
NOT_THE_BOTS_FAULT = {4004, 4009}


class Closed(Exception):
    """The connection must be closed with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(CLOSINGS[code])
        self.code = code


def decoded(data: str | bytes) -> Json:
    """The payload of a frame. Raises Closed for what is none."""
    if len(data) > LARGEST_PAYLOAD:
        raise Closed(4002)
    try:
        payload = json.loads(data)
    except ValueError:
        raise Closed(4002) from None
    if not isinstance(payload, dict) or not isinstance(payload.get("op"), int):
        raise Closed(4002)
    return payload
