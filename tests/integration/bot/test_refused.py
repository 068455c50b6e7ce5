"""What Discord refuses at the door: the program ends and names the setting."""

from pathlib import Path

import pytest

from bot.playground.config import PlaygroundConfig
from bot.playground.server import Playground
from tests.program import Program

GRANTED_NOTHING = PlaygroundConfig(privileged_intents=frozenset())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"discord_token": "wrong"}, "ATELIER_DISCORD_TOKEN: Discord does not accept this token."),
        ({"message_content": "true"}, "ATELIER_MESSAGE_CONTENT: the application is not allowed"),
    ],
)
async def test_what_discord_refuses_is_named(
    settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    """A wrong token, or an intent that the portal does not grant: exit code 2, and what to do."""
    playground = Playground(GRANTED_NOTHING)
    await playground.start()
    addresses = {"discord_api": playground.api, "discord_gateway": playground.gateway_url}
    known = {"data_dir": tmp_path / "data", "discord_token": playground.token, **addresses}
    program = Program("bot", "run", log=tmp_path / "bot.log", **(known | settings))
    try:
        await program.start()
        assert await program.process.wait() == 2
    finally:
        await playground.stop()
    assert program.text().splitlines()[-1].startswith(said)
