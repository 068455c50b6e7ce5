"""The one table: what people read when something goes wrong."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import app_commands

from bot import errors
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound, StorageFault, WorkerLost


def http(kind: type[discord.HTTPException], status: int, code: int = 0) -> discord.HTTPException:
    response: Any = SimpleNamespace(status=status, reason="")
    return kind(response, {"code": code, "message": "as Discord says"})


def bad_option() -> app_commands.TransformerError:
    kind = discord.AppCommandOptionType.integer
    return app_commands.TransformerError("x", kind, app_commands.Transformer())


@pytest.mark.parametrize("kind", [InvalidInput, NotFound, NotAllowed, Conflict])
def test_what_people_can_mend_is_told_in_its_own_words(kind: type[Exception]) -> None:
    """A user error's text is the answer."""
    assert errors.sentence(kind("Do this instead.")) == "Do this instead."


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (http(discord.Forbidden, 403), "Ask a moderator"),
        (http(discord.DiscordServerError, 503), "Discord itself"),
        (app_commands.CommandNotFound("x", []), "Reload Discord"),
        (bad_option(), "option"),
    ],
)
def test_what_discord_raises_is_told_in_ours(error: Exception, part: str) -> None:
    """Each row of the table has a sentence that says what to do."""
    text = errors.sentence(error)
    assert text is not None
    assert part in text


@pytest.mark.parametrize(
    "error", [StorageFault("key"), WorkerLost("x"), KeyError("prompt"), OSError()]
)
def test_everything_else_is_a_fault(error: Exception) -> None:
    """No sentence of its own: it gets a reference."""
    assert errors.sentence(error) is None
    one, other = errors.fault(error), errors.fault(error)
    assert "reference: `" in one
    assert one != other
    assert str(error) not in one or not str(error)


def test_a_long_sentence_fits_a_message() -> None:
    """Discord takes 2000 characters."""
    text = errors.sentence(InvalidInput("x" * 5000))
    assert text is not None
    assert len(text) <= 2000


class Interaction:
    """As much of an interaction as an answer needs; records what was said."""

    def __init__(self, *, problem: Exception | None = None) -> None:
        self.said: list[tuple[str, bool]] = []
        self._problem = problem
        self.response = self
        self.type = discord.InteractionType.application_command

    def is_done(self) -> bool:
        return False

    async def send_message(self, content: str, *, ephemeral: bool) -> SimpleNamespace:
        if self._problem is not None:
            raise self._problem
        self.said.append((content, ephemeral))
        return SimpleNamespace(message_id=1)


async def test_the_cause_inside_discord_pys_wrapping_is_what_counts() -> None:
    """A command's error arrives wrapped; the person reads the inner one, alone."""
    interaction: Any = Interaction()
    command: Any = SimpleNamespace(name="imagine")
    inner = InvalidInput("The seed is a number.")
    await errors.answer(interaction, app_commands.CommandInvokeError(command, inner))
    assert interaction.said == [("The seed is a number.", True)]


@pytest.mark.parametrize("code", [10062, 10015, 50027])
async def test_an_expired_interaction_is_left_alone(code: int) -> None:
    """There is nobody to answer."""
    interaction: Any = Interaction()
    await errors.answer(interaction, http(discord.NotFound, 404, code))
    assert interaction.said == []


@pytest.mark.parametrize("problem", [http(discord.NotFound, 404), OSError("connection lost")])
async def test_telling_never_raises(problem: Exception) -> None:
    """What goes wrong while telling ends there."""
    interaction: Any = Interaction(problem=problem)
    await errors.answer(interaction, InvalidInput("x"))
