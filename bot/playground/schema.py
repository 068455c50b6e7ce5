"""Checks requests and answers against Discord's OpenAPI description of REST API v10.

The description ships beside this file (`openapi.json.gz`, MIT, see `openapi.LICENSE.txt`).
A validator is compiled when its operation is first used, with the part of the description
that it needs.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

Json = dict[str, Any]
Rule = tuple[str, str]

DESCRIPTION = Path(__file__).with_name("openapi.json.gz")
REFERENCE_IDS = ("message_id", "channel_id", "guild_id")
LONGEST_COMPLAINT = 300
FIELD_ERRORS: Json = {
    "type": "object",
    "properties": {
        "_errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                "required": ["code", "message"],
            },
        }
    },
    "additionalProperties": False,
    "required": ["_errors"],
}
"""What the documentation shows: codes of fields are words. The description has numbers there."""


class Schema:
    """The description, compiled. Checks return what is wrong: (dotted path, sentence) pairs."""

    def __init__(self) -> None:
        description = json.loads(gzip.decompress(DESCRIPTION.read_bytes()))
        self._paths: Json = description["paths"]
        self._components: Json = description["components"]
        self._components["schemas"]["InnerErrors"] = FIELD_ERRORS
        self._compiled: dict[tuple[str, ...], jsonschema_rs.Draft202012Validator] = {}

    def knows(self, method: str, path: str) -> bool:
        """Whether the description has the operation; `path` is its template."""
        return method.lower() in self._paths.get(path, {})

    def check_request(self, method: str, path: str, body: Any) -> list[Rule]:
        """What is wrong with the JSON of a request, `payload_json` taken out of a multipart one."""
        schema = self._operation(method, path).get("requestBody")
        if schema is None:
            return []
        content = schema["content"]["application/json"]["schema"]
        return self._check((method, path, "request"), content, body)

    def check_query(self, method: str, path: str, query: Mapping[str, str]) -> list[Rule]:
        """What is wrong with the query parameters that the description knows."""
        rules: list[Rule] = []
        for parameter in self._operation(method, path).get("parameters", []):
            name = parameter["name"]
            if parameter["in"] == "query" and name in query:
                value = _typed(query[name], parameter["schema"])
                key = (method, path, "query", name)
                rules += [(name, what) for _, what in self._check(key, parameter["schema"], value)]
        return rules

    def check_answer(self, method: str, path: str, status: int, body: Any) -> list[Rule]:
        """What is wrong with an answer: an undescribed status, a missing or wrong body."""
        responses = self._operation(method, path)["responses"]
        response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if response is None:
            return [] if status >= 500 else [("", f"status {status} is not described")]
        content = self._resolved(response).get("content")
        if content is None or body is None:
            return [] if (content is None) == (body is None) else [("", "body expected or not")]
        schema = content["application/json"]["schema"]
        return self._check((method, path, str(status)), schema, body)

    def check_object(self, name: str, value: Any) -> list[Rule]:
        """What is wrong with `value` as the named component schema (`MessageResponse`)."""
        return self._check(("object", name), {"$ref": f"#/components/schemas/{name}"}, value)

    def _operation(self, method: str, path: str) -> Json:
        operation: Json = self._paths[path][method.lower()]
        return operation

    def _resolved(self, response: Json) -> Json:
        if "$ref" in response:
            name = response["$ref"].rsplit("/", 1)[1]
            resolved: Json = self._components["responses"][name]
            return resolved
        return response

    def _check(self, key: tuple[str, ...], schema: Json, value: Any) -> list[Rule]:
        validator = self._compiled.get(key)
        if validator is None:
            validator = jsonschema_rs.Draft202012Validator(self._standing_alone(schema))
            self._compiled[key] = validator
        if validator.is_valid(value):
            return []
        return [
            (".".join(map(str, error.instance_path)) or "body", error.message[:LONGEST_COMPLAINT])
            for error in validator.iter_errors(value)
        ]

    def _standing_alone(self, schema: Json) -> Json:
        """`schema` with those components that it leads to, a fraction of all."""
        everything: Json = self._components["schemas"]
        needed: Json = {}
        waiting: list[Any] = [schema]
        while waiting:
            for name in _references(waiting.pop()):
                if name not in needed:
                    needed[name] = everything[name]
                    waiting.append(everything[name])
        return {"allOf": [schema], "components": {"schemas": needed}}


def _references(value: Any) -> Iterator[str]:
    """The names of the component schemas that `value` refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rsplit("/", 1)[1]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _references(part)


def string_snowflakes(body: Any) -> None:
    """Turn the ids that clients send as integers into strings, in place, as Discord takes both.

    These are `attachments[].id`, `message_reference.*`, the lists of `allowed_mentions`,
    `recipient_id` and `messages`, at the top or in an interaction callback's `data`.
    """
    if not isinstance(body, dict):
        return
    _string(body, "recipient_id")
    if isinstance(body.get("messages"), list):
        body["messages"] = [str(one) for one in body["messages"]]
    string_snowflakes(body.get("data"))
    for attachment in _dicts(body.get("attachments")):
        _string(attachment, "id")
    for reference in _dicts([body.get("message_reference")]):
        for name in REFERENCE_IDS:
            _string(reference, name)
    for mentions in _dicts([body.get("allowed_mentions")]):
        for name in ("users", "roles"):
            if isinstance(mentions.get(name), list):
                mentions[name] = [str(one) for one in mentions[name]]


def _dicts(values: Any) -> list[Json]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _string(holder: Json, name: str) -> None:
    if type(holder.get(name)) is int:
        holder[name] = str(holder[name])


def _typed(text: str, schema: Json) -> Any:
    """A query parameter's text as the JSON value that its schema speaks of."""
    wanted = schema.get("type")
    if wanted == "boolean" and text.lower() in {"true", "false", "1", "0"}:
        return text.lower() in {"true", "1"}
    if wanted == "integer" and text.lstrip("-").isdigit():
        return int(text)
    return text
