"""The client: all commands or none, the least of intents, nobody pinged."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot import client
from bot.client import MODULES, Atelier, merged, point_at


def made(**changes: Any) -> Atelier:
    services: Any = SimpleNamespace(outbox=None)
    storage: Any = None
    bells: Any = None
    return Atelier(services=services, storage=storage, bells=bells, **changes)


async def test_every_command_is_on_the_tree() -> None:
    """Slash commands and message commands by their names."""
    bot = made()
    kinds = discord.AppCommandType
    slash = {command.name for command in bot.tree.get_commands(type=kinds.chat_input)}
    menus = {command.name for command in bot.tree.get_commands(type=kinds.message)}
    assert slash == {
        "imagine", "edit", "train", "concepts", "stacks", "evaluate", "jobs", "settings", "help",
    }  # fmt: skip
    assert menus == {"Imagine from voice", "Train from these pictures"}


async def test_every_option_says_what_it_is_for() -> None:
    """Descriptions are there and fit; only ten pictures go without words."""
    for command in made().tree.get_commands(type=discord.AppCommandType.chat_input):
        payload = command.to_dict(made().tree)
        assert payload["contexts"] == [0, 1]
        assert len(payload["options"]) <= 25
        for option in payload["options"]:
            assert 0 < len(option["description"]) <= 100
            assert option["description"] != "…" or option["name"].startswith("image")


def test_two_modules_cannot_claim_a_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program refuses to start rather than let one shadow the other."""
    other: Any = SimpleNamespace(__name__="other", HANDLERS={"vary": None})
    monkeypatch.setattr(client, "MODULES", (*MODULES, other))
    with pytest.raises(ValueError, match="other claims verbs that are taken"):
        merged("HANDLERS")


@pytest.mark.parametrize("wanted", [True, False])
async def test_no_more_is_asked_of_discord_than_is_needed(wanted: bool) -> None:
    """The privileged intent by setting only; no members, no presences; nobody is mentioned."""
    bot = made(message_content=wanted)
    assert bot.intents.message_content is wanted
    assert not bot.intents.members
    assert not bot.intents.presences
    assert bot.allowed_mentions is not None
    assert bot.allowed_mentions.to_dict() == {"parse": []}


def test_addresses_can_point_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """REST and gateway, with or without a slash at the end."""
    monkeypatch.setattr(discord.http.Route, "BASE", "")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", None)
    point_at("http://127.0.0.1:1/api/v10/", "ws://127.0.0.1:1/")
    assert discord.http.Route("GET", "/x").url == "http://127.0.0.1:1/api/v10/x"
    assert str(discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY) == "ws://127.0.0.1:1/"
