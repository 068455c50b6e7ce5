"""A bot with everything behind it but the models, and people to use it."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import text

from bot.client import Atelier, point_at
from bot.playground.server import Playground
from core.db import Database
from core.queue import Bells, Queue
from core.services import Services
from core.settings import load_settings
from core.storage import Storage
from tests.integration.bot.worker import ScriptedWorker
from tests.person import Answer, Control, Person
from tests.unit.bot.files import noise_png


class House:
    """Database, services, scripted worker and client; the client can be stopped and replaced."""

    def __init__(self, folder: Path, playground: Playground, control: Control) -> None:
        self.folder, self.playground, self.control = folder, playground, control
        settings = load_settings(_env_file=None, data_dir=folder)
        self.database, self.bells = Database(settings.database), Bells()
        self.queue, self.storage = Queue(self.database, self.bells), Storage(settings.blobs)
        self.services = Services(self.database, self.storage, self.queue, self.bells, settings)
        self.worker = ScriptedWorker(self.queue, self.services.results, self.storage, self.bells)

    async def open(self) -> None:
        await self.database.start()
        point_at(self.playground.api, self.playground.gateway_url)
        self._working = asyncio.create_task(self.worker.run())
        await self.start_bot()

    async def close(self) -> None:
        await self.stop_bot()
        self._working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._working
        await self.database.close()

    async def start_bot(self, *, message_content: bool = False) -> None:
        """A new client, as after a restart of the program."""
        self.client = Atelier(
            services=self.services,
            storage=self.storage,
            bells=self.bells,
            message_content=message_content,
            sync_record=self.folder / "commands.sha256",
        )
        self._running = asyncio.create_task(self.client.start(self.playground.token))
        waiting = asyncio.create_task(self.client.connected.wait())
        await asyncio.wait([self._running, waiting], return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            waiting.cancel()
            await self._running

    async def stop_bot(self) -> None:
        await self.client.close()
        await self._running

    def person(self, name: str = "owl", channel: str = "general") -> Person:
        return self.control.person(name, channel)

    async def imagine(self, person: Person, **options: object) -> Answer:
        """Run /imagine; the message with its result."""
        outcome = await person.run("imagine", {"prompt": "a red ball", **options})
        return await self.result(person, outcome)

    async def result(self, person: Person, outcome: Answer) -> Answer:
        """The message with files that the bot posts after `outcome`."""
        event = await person.wait(
            outcome["seq"], event="message_create", author="bot", attachments=1
        )
        return dict(event["message"])

    async def next_message(self, person: Person, outcome: Answer, **matching: object) -> Answer:
        """The next finished message of the bot after `outcome`."""
        event = await person.wait(outcome["seq"], author="bot", done=1, **matching)
        return dict(event["message"])

    async def press(self, person: Person, message: Answer, verb: str) -> Answer:
        """Press the first button of that verb."""
        custom_id = next(c["custom_id"] for c in controls(message) if verb_of(c) == verb)
        return await self.use(person, "press", message, custom_id)

    async def choose(self, person: Person, message: Answer, value: str) -> Answer:
        """Choose from the message's menu."""
        custom_id = next(c["custom_id"] for c in controls(message) if c["type"] == 3)
        return await self.use(person, "select", message, custom_id, values=[value])

    async def use(
        self, person: Person, act: str, message: Answer, custom_id: str, **more: object
    ) -> Answer:
        body: dict[str, Any] = {
            "user": person.name,
            "channel": person.channel,
            "message": message["id"],
            "custom_id": custom_id,
        }
        return dict(await self.control.post(act, body | more))

    async def forged(self, person: Person, message: Answer, custom_id: str) -> Answer:
        """Press a button that is on no message: the playground's own copy is changed for it."""
        world = self.playground.world
        kept = world.message(message["channel_id"], message["id"])
        assert kept is not None
        button = {"type": 2, "style": 2, "label": "forged", "custom_id": custom_id, "id": 1}
        world.keep(replace(kept, components=({"type": 1, "id": 2, "components": [button]},)))
        try:
            return await self.use(person, "press", message, custom_id)
        finally:
            world.keep(kept)

    async def until_running(self, job_id: int) -> None:
        await self._until_state(job_id, {"running"})

    async def until_ended(self, job_id: int) -> None:
        await self._until_state(job_id, {"succeeded", "failed", "cancelled"})

    async def _until_state(self, job_id: int, states: set[str]) -> None:
        await self._until(f"SELECT 1 FROM jobs WHERE id = {job_id} AND state IN {_in(states)}")

    async def until_posted(self, delivery_id: int) -> None:
        where = f"id = {delivery_id} AND state = 'posted'"
        await self._until(f"SELECT 1 FROM deliveries WHERE {where}")

    async def until_settled(self, delivery_id: int) -> None:
        """The delivery has been given up."""
        where = f"id = {delivery_id} AND state = 'abandoned'"
        await self._until(f"SELECT 1 FROM deliveries WHERE {where}")

    async def forget_posting(self, delivery_id: int) -> None:
        """Put a delivery back to where it was before its posting was written down."""
        async with self.database.transaction() as session:
            await session.execute(
                text(f"UPDATE deliveries SET state = 'pending' WHERE id = {delivery_id}")
            )

    async def forget_status(self, job_id: int) -> None:
        """Put a job back to where it was before its status message was written down."""
        async with self.database.transaction() as session:
            await session.execute(
                text(f"UPDATE jobs SET status_message_id = NULL WHERE id = {job_id}")
            )

    async def until_online(self) -> None:
        for _ in range(100):
            if (await self.control.get("state"))["online"]:
                return
            await asyncio.sleep(0.1)
        raise TimeoutError("the bot did not come back")

    async def _until(self, query: str) -> None:
        for _ in range(200):
            async with self.database.session() as session:
                if (await session.execute(text(query))).first():
                    return
            await asyncio.sleep(0.05)
        raise TimeoutError(query)

    async def deny(self, channel: str, permission: str) -> None:
        """Take a permission from the bot in one channel."""
        address = f"{self.control.url}/control/channels/{channel}/permissions"
        body = {"who": "bot", "allow": [], "deny": [permission]}
        async with aiohttp.ClientSession() as http, http.put(address, json=body) as answer:
            answer.raise_for_status()

    def guild_id(self, name: str) -> int:
        return next(int(guild.id) for guild in self.playground.guilds if guild.name == name)

    async def teach(self, guild: str, name: str, noun: str, person: Person) -> None:
        """Put a trained concept into a guild's library, the way a person does it."""
        outcome = await person.run(
            "train",
            {"name": name, "class": noun, "image1": "f0", "image2": "f1"},
            files=pictures(self.folder, 2, seed=sum(map(ord, name + guild))),
        )
        await person.wait(outcome["seq"], event="message_create", author="bot", attachments=1)


def _in(values: set[str]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in sorted(values)) + ")"


def controls(message: Answer) -> list[Answer]:
    return [item for row in message["components"] for item in row["components"]]


def verb_of(control: Mapping[str, Any]) -> str:
    return str(control.get("custom_id", "::")).split(":")[1]


def verbs(message: Answer) -> set[str]:
    return {verb_of(control) for control in controls(message)}


def text_of(message: Answer) -> str:
    """All that a person reads in a message."""
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{field['name']} {field['value']}" for field in embed.get("fields", ())]
        parts.append(embed.get("footer", {}).get("text", ""))
    return "\n".join(part for part in parts if part)


def pictures(folder: Path, count: int, seed: int = 0) -> dict[str, Path]:
    """Part name → a PNG file; all different."""

    files = {}
    for index in range(count):
        path = folder / f"picture-{seed}-{index}.png"
        path.write_bytes(noise_png(seed * 100 + index))
        files[f"f{index}"] = path
    return files
