"""The OpenAPI description at work: on requests, queries and answers."""

from typing import Any

import pytest

from bot.playground.schema import Schema, string_snowflakes

MESSAGES = "/channels/{channel_id}/messages"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (MESSAGES, {"content": "x"}, None),
        (MESSAGES, {"content": ["x"]}, "content"),
        (MESSAGES, {"embeds": [{}] * 11}, "embeds"),
        (CALLBACK, {"type": 5}, None),
        (CALLBACK, {"type": 99}, "body"),
        (CALLBACK, {"type": 9, "data": {"title": "t" * 46, "custom_id": "c"}}, "body"),
    ],
)
def test_requests(schema: Schema, path: str, body: Any, field: str | None) -> None:
    """What is wrong is named by its field."""
    found = [where for where, _ in schema.check_request("POST", path, body)]
    assert found == ([] if field is None else [field])


@pytest.mark.parametrize(
    ("query", "wrong"),
    [({"limit": "100"}, []), ({"limit": "101"}, ["limit"]), ({"before": "x"}, ["before"])],
)
def test_queries(schema: Schema, query: dict[str, str], wrong: list[str]) -> None:
    """Query parameters are read as what they stand for."""
    found = [name for name, _ in schema.check_query("GET", MESSAGES, query)]
    assert sorted(set(found)) == wrong


def test_booleans_in_queries(schema: Schema) -> None:
    """Clients write 1, true and True."""
    for text in ("1", "true", "False"):
        assert schema.check_query("POST", CALLBACK, {"with_response": text}) == []
    assert schema.check_query("POST", CALLBACK, {"with_response": "maybe"})


def test_answers(schema: Schema) -> None:
    """Errors and successes have bodies; a status that is not described is wrong."""
    error = {"code": 10008, "message": "Unknown Message"}
    assert schema.check_answer("GET", MESSAGES, 404, error) == []
    assert schema.check_answer("GET", MESSAGES, 404, {"message": "no code"})
    assert schema.check_answer("GET", MESSAGES, 200, [{}])
    assert schema.check_answer("GET", MESSAGES, 201, [])
    assert schema.check_answer("GET", MESSAGES, 200, None)
    assert schema.check_answer("GET", MESSAGES, 500, None) == []
    assert schema.check_object("SnowflakeType", "12") == []
    assert schema.check_object("SnowflakeType", 12)


def test_every_served_route_is_described(schema: Schema) -> None:
    """The playground serves nothing that Discord does not have."""
    assert schema.knows("POST", MESSAGES)
    assert not schema.knows("POST", "/nowhere")
    assert not schema.knows("PUT", MESSAGES)


def test_integer_ids_become_strings() -> None:
    """The places where clients send integers, at the top and in a callback's data."""
    inner = {
        "attachments": [{"id": 0}, {"id": "1"}, "odd"],
        "message_reference": {"message_id": 5, "channel_id": 6},
        "allowed_mentions": {"users": [7], "parse": ["users"]},
    }
    body = {"data": inner, "recipient_id": 8, "messages": [9]}
    string_snowflakes(body)
    assert [one["id"] for one in inner["attachments"][:2]] == ["0", "1"]
    assert inner["message_reference"] == {"message_id": "5", "channel_id": "6"}
    assert inner["allowed_mentions"] == {"users": ["7"], "parse": ["users"]}
    assert (body["recipient_id"], body["messages"]) == ("8", ["9"])
    string_snowflakes(None)
    string_snowflakes([1])
