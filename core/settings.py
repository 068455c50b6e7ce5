"""The only reader of the environment."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    SettingsConfigDict,
)

from core.errors import SettingsError

PREFIX = "ATELIER_"
CONTROLS = ("scribble", "edges", "pose", "depth")
"""Kinds of ControlNets, as `core.domain.requests` has them."""


class Settings(BaseSettings):
    """What an operator may set, as `ATELIER_…` variables or in a `.env` file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    discord_token: SecretStr | None = None
    """The bot's token; `run` needs it, `demo` makes its own."""
    discord_api: str = "https://discord.com/api/v10"
    discord_gateway: str = "wss://gateway.discord.gg/"
    message_content: bool = False
    """Ask for the privileged MESSAGE_CONTENT intent, and hear every voice message with it."""

    data_dir: Path = Path("data")
    database_url: str = ""
    """An SQLAlchemy URL; empty means SQLite in `data_dir`."""
    storage_url: str = ""
    """An fsspec URL for blobs; empty means `data_dir`/blobs."""

    grace_hours: int = Field(default=168, ge=0)
    """How long a blob that nothing refers to, such as the picture of a deleted image, is kept; 0:
    for ever."""

    model: str = "pocket"
    """`pocket`, a folder, or a hub id of a Stable Diffusion 1.x, 2.x or SDXL model."""
    controlnets: str = ""
    """ControlNets beside the model, as `scribble=folder-or-id, edges=…, pose=…, depth=…`."""
    speech_model: str = "pocket"
    """`pocket`, a folder, or any faster-whisper model name."""
    scoring_model: str = "pocket"
    """`pocket`, a folder, or a hub id of a CLIP, by which images are scored."""
    fidelity_model: str = ""
    """A folder or a hub id of an encoder of pictures, such as a DINO; empty: the scoring model."""
    captioner: str = ""
    """A folder or a hub id of an image-to-text model such as BLIP, which captions training pictures
    of which nobody says anything; empty: none."""
    evaluate_training: bool = True
    """Score what was learned at the end of every training."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    threads: int = Field(default=0, ge=0)
    """CPU threads of the worker; 0: one for the embedded models, else what torch chooses."""
    training_share: float = Field(default=0.1, ge=0, le=1)
    """What training keeps of the worker's time while pictures are waiting."""

    batch: int = Field(default=0, ge=0, le=256)
    """Pictures that are drawn together, as far as memory holds; 0: 32 on a GPU, else 16; 1 draws
    one after the other."""
    adapter_memory_mb: int = Field(default=0, ge=0)
    """Memory for concepts' adapters beside the model; 0: 2048 on a GPU, else 256."""
    channels_last: bool = False
    """Lay features out pixel by pixel, for newer GPUs; slower on a CPU (docs/performance.md)."""
    compile: Literal["off", "on", "graphs"] = "off"
    """Compile the UNet, also into CUDA graphs: the first picture of a size takes minutes."""
    fast_adapter: str = ""
    """A LoRA file made for few steps; it joins every stack with the samplers lcm and tcd."""
    preview_decoder: str = ""
    """Show pictures on their way: `own` (the model's VAE), or an AutoencoderTiny's folder or id."""

    playground_port: int = Field(default=8080, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("discord_api", "discord_gateway")
    @classmethod
    def _base_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://", "ws://", "wss://")):
            raise ValueError("must begin with http://, https://, ws:// or wss://")
        return value

    @field_validator("controlnets")
    @classmethod
    def _named_controls(cls, value: str) -> str:
        _controls(value)
        return value

    @property
    def controls(self) -> dict[str, str]:
        """A folder or id for each kind of ControlNet that is set."""
        return _controls(self.controlnets)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL that is used."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve()}/atelier.db"

    @property
    def blobs(self) -> str:
        """The fsspec URL of the blob store that is used."""
        return self.storage_url or f"file://{self.data_dir.resolve()}/blobs"


def _controls(text: str) -> dict[str, str]:
    named = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        kind, _, name = (each.strip() for each in part.partition("="))
        if kind not in CONTROLS or not name:
            raise ValueError(f"write kind=folder-or-id, with a kind of {', '.join(CONTROLS)}")
        named[kind] = name
    return named


def load_settings(**overrides: object) -> Settings:
    """Read the environment and `.env`; `overrides` win.

    Raises:
        SettingsError: names each variable that is wrong or unknown and says what is wrong with it.
    """
    unknown = list(_unknown(overrides.get("_env_file", ".env")))
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError("\n".join([*unknown, *_explain(error)])) from error
    if unknown:
        raise SettingsError("\n".join(unknown))
    return settings


def _unknown(env_file: object) -> Iterator[str]:
    """Names with our prefix that mean nothing: most are misspelled, and would change nothing."""
    file = DotEnvSettingsSource(Settings, env_file=env_file if isinstance(env_file, str) else None)
    given = {**EnvSettingsSource(Settings).env_vars, **file.env_vars}
    known = [name.upper() for name in Settings.model_fields]
    for variable in sorted(name.upper() for name, value in given.items() if value):
        name = variable.removeprefix(PREFIX)
        if name != variable and name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"Did you mean {PREFIX}{near[0]}?" if near else "README.md has all there are."
            yield f"{variable}: there is no such setting. {meant}"


def _explain(error: ValidationError) -> list[str]:
    return [
        f"{PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in error.errors()
    ]
