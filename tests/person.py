"""A person in the playground, for tests and benchmarks: a thin client of its control API."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

Answer = dict[str, Any]

LONGEST_POLL_S = 120
"""How long the control API waits in one request."""


class ControlError(Exception):
    """The control API refused what the person wanted to do; its sentence says why."""


class Control:
    """The control API of one playground, see bot/playground/CONTROL.md."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=300))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def get(self, path: str, /, **query: object) -> Any:
        """GET a control path; None values are left out."""
        params = {name: str(value) for name, value in query.items() if value is not None}
        async with self._http.get(f"{self.url}/control/{path}", params=params) as response:
            return await _answer(response)

    async def post(
        self, path: str, body: Mapping[str, object], files: Mapping[str, Path] | None = None
    ) -> Any:
        """POST JSON, or a form when there are files (part name → file)."""
        address = f"{self.url}/control/{path}"
        if not files:
            async with self._http.post(address, json=body) as response:
                return await _answer(response)
        form = aiohttp.FormData()
        form.add_field("payload", json.dumps(body), content_type="application/json")
        for part, file in files.items():
            form.add_field(part, file.read_bytes(), filename=file.name)
        async with self._http.post(address, data=form) as response:
            return await _answer(response)

    async def patch(self, path: str, body: Mapping[str, object]) -> Any:
        """PATCH JSON."""
        async with self._http.patch(f"{self.url}/control/{path}", json=body) as response:
            return await _answer(response)

    async def download(self, url: str) -> bytes:
        """The bytes behind an attachment's signed address."""
        async with self._http.get(url) as response:
            response.raise_for_status()
            return await response.read()

    def person(self, name: str, channel: str) -> "Person":
        """Act as `name` in `channel`."""
        return Person(self, name, channel)


class Person:
    """One user in one channel."""

    def __init__(self, control: Control, name: str, channel: str) -> None:
        self.control = control
        self.name = name
        self.channel = channel

    @property
    def _me(self) -> dict[str, object]:
        return {"user": self.name, "channel": self.channel}

    async def run(
        self,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        files: Mapping[str, Path] | None = None,
        target: str | None = None,
    ) -> Answer:
        """Run a command; attachment options name parts of `files`."""
        body = self._me | {"command": command, "options": dict(options or {})}
        if target is not None:
            body["target"] = target
        return await self.control.post("run", body, files)

    async def press(self, message: Answer, label: str) -> Answer:
        """Press the button of that label."""
        return await self.control.post(
            "press", self._me | {"message": message["id"], "label": label}
        )

    async def submit(
        self, modal: Answer, values: Mapping[str, object], files: Mapping[str, Path] | None = None
    ) -> Answer:
        """Send a modal in."""
        body = {"user": self.name, "values": dict(values)}
        return await self.control.post(f"modals/{modal['id']}", body, files)

    async def say(self, content: str, files: Sequence[Path] = ()) -> Answer:
        """Send a message."""
        parts = {f"f{index}": file for index, file in enumerate(files)}
        body = {"user": self.name, "content": content, "files": list(parts)}
        return await self.control.post(f"channels/{self.channel}/messages", body, parts)

    async def speak(self, sound: Path, *, reply_to: str | None = None) -> Answer:
        """Send a voice message; in a guild a reply to the bot is how it mentions the bot."""
        body = {"user": self.name, "file": "f0"}
        if reply_to is not None:
            body["reply_to"] = reply_to
        return await self.control.post(f"channels/{self.channel}/voice", body, {"f0": sound})

    async def wait(self, since: int, timeout_s: float = 60, **matching: object) -> Answer:
        """The first event after `since` that matches.

        Raises:
            TimeoutError: none came in time.
        """
        left_s = timeout_s
        while left_s > 0:
            event = await self.control.get(
                "wait",
                since=since,
                timeout=min(left_s, LONGEST_POLL_S),
                user=self.name,
                channel=self.channel,
                **matching,
            )
            if not event["timed_out"]:
                return dict(event)
            left_s -= LONGEST_POLL_S
        raise TimeoutError(f"{self.name} waited {timeout_s} s for {matching}")

    async def messages(self, limit: int = 50) -> list[Answer]:
        """What this person sees in the channel, oldest first."""
        path = f"channels/{self.channel}/messages"
        return list(await self.control.get(path, user=self.name, limit=limit))


async def _answer(response: aiohttp.ClientResponse) -> Any:
    body = await response.json()
    if response.status >= 400:
        raise ControlError(f"{response.status}: {body.get('error', body)}")
    return body
