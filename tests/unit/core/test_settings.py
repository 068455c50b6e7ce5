"""What an operator may set."""

from pathlib import Path

import pytest

from core.domain.drawing import ControlKind
from core.errors import SettingsError
from core.settings import CONTROLS, Settings, load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a `.env`, and no variables from outside."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ATELIER_{name.upper()}", raising=False)


def test_nothing_needs_to_be_set() -> None:
    """The defaults are Discord's own addresses, the pocket models and a folder called data."""
    settings = load_settings()
    assert settings.discord_api == "https://discord.com/api/v10"
    assert (settings.model, settings.speech_model) == ("pocket", "pocket")
    assert settings.database == f"sqlite+aiosqlite:///{Path.cwd()}/data/atelier.db"
    assert settings.blobs == f"file://{Path.cwd()}/data/blobs"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` is read, a variable beats it, and an argument beats both."""
    Path(".env").write_text("ATELIER_MODEL=from-file\nATELIER_DEVICE=cpu\n")
    assert load_settings().model == "from-file"
    monkeypatch.setenv("ATELIER_MODEL", "from-environment")
    settings = load_settings()
    assert (settings.model, settings.device) == ("from-environment", "cpu")
    assert load_settings(model="given").model == "given"


def test_training_keeps_a_share() -> None:
    """A tenth unless something else is set, and never more than all of it."""
    assert load_settings().training_share == 0.1
    assert load_settings(training_share=0).training_share == 0
    with pytest.raises(SettingsError, match="ATELIER_TRAINING_SHARE"):
        load_settings(training_share=1.1)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line such as `ATELIER_THREADS=` keeps the default."""
    monkeypatch.setenv("ATELIER_THREADS", "")
    assert load_settings().threads == 0


def test_addresses_that_are_set_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database and a blob store elsewhere replace those in the data folder."""
    monkeypatch.setenv("ATELIER_DATABASE_URL", "postgresql+asyncpg://db/atelier")
    monkeypatch.setenv("ATELIER_STORAGE_URL", "s3://bucket/blobs")
    settings = load_settings()
    assert settings.database == "postgresql+asyncpg://db/atelier"
    assert settings.blobs == "s3://bucket/blobs"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEVICE", "gpu"),
        ("DTYPE", "int8"),
        ("DISCORD_API", "discord.com"),
        ("THREADS", "-1"),
        ("PLAYGROUND_PORT", "70000"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The program does not start, and says which variable is wrong."""
    monkeypatch.setenv(f"ATELIER_{name}", value)
    with pytest.raises(SettingsError, match=f"ATELIER_{name}: "):
        load_settings()


def test_a_misspelled_setting_is_named_with_the_nearest_right_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the environment and in `.env`; what is set to nothing counts as unset."""
    monkeypatch.setenv("ATELIER_DEVISE", "cpu")
    monkeypatch.setenv("ATELIER_MODLE", "")
    Path(".env").write_text("ATELIER_SPEACH_MODEL=small\nATELIER_XYZZY=1\nOTHER=1\n")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value).splitlines() == [
        "ATELIER_DEVISE: there is no such setting. Did you mean ATELIER_DEVICE?",
        "ATELIER_SPEACH_MODEL: there is no such setting. Did you mean ATELIER_SPEECH_MODEL?",
        "ATELIER_XYZZY: there is no such setting. README.md has all there are.",
    ]


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes take one start to find."""
    monkeypatch.setenv("ATELIER_DEVICE", "gpu")
    monkeypatch.setenv("ATELIER_THREADS", "many")
    with pytest.raises(SettingsError, match=r"(?s)DEVICE.*THREADS"):
        load_settings()


def test_the_token_stays_out_of_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings does not print the token."""
    monkeypatch.setenv("ATELIER_DISCORD_TOKEN", "very-secret")
    settings = load_settings()
    assert "very-secret" not in repr(settings)
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "very-secret"


def test_controlnets_are_named_by_kind() -> None:
    """Kinds and folders or ids; what cannot be read is said with the kinds there are."""
    assert load_settings().controls == {}
    named = load_settings(controlnets="scribble=./nets/s, edges = owner/canny,")
    assert named.controls == {"scribble": "./nets/s", "edges": "owner/canny"}
    assert set(CONTROLS) == set(ControlKind)
    for wrong in ("canny=x", "scribble", "depth="):
        with pytest.raises(SettingsError, match=r"ATELIER_CONTROLNETS.*scribble, edges"):
            load_settings(controlnets=wrong)
