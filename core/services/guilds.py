"""What a guild's moderators may set."""

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db.guilds import ensure_guild
from core.db.tables import GuildSettingsRow
from core.domain.people import Actor
from core.domain.requests import (
    ExportRequest,
    FuseRequest,
    ImportRequest,
    Request,
    TrainRequest,
)
from core.errors import InvalidInput, NotAllowed
from core.services.cautioning import stack_of

ROLES_MAX = 25
ROLE_SETTINGS = frozenset({"train_roles", "use_roles"})


class GuildSettings(BaseModel):
    """One guild's settings; a new one is a line here, and nothing else."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ask_before_voice: bool = True
    """Show what was heard and ask, before a voice message is drawn."""
    train_roles: tuple[int, ...] = Field(default=(), max_length=ROLES_MAX)
    """Roles that may teach concepts and take them in; none: everyone."""
    use_roles: tuple[int, ...] = Field(default=(), max_length=ROLES_MAX)
    """Roles that may draw with concepts, build on them and hand them out; none: everyone."""


class Guilds:
    """Reads and changes settings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, guild_id: int) -> GuildSettings:
        """The settings of a guild; the defaults where nothing was changed."""
        async with self._database.session() as session:
            return _settings(await session.get(GuildSettingsRow, guild_id))

    async def change(self, actor: Actor, **changes: Any) -> GuildSettings:
        """Change settings by name.

        Raises:
            NotAllowed: the person does not moderate this guild.
            InvalidInput: there is no such setting, or it does not take that value.
        """
        if not actor.moderates:
            raise NotAllowed("Only moderators can change settings: it takes Manage Server.")
        if not actor.manages and not ROLE_SETTINGS.isdisjoint(changes):
            raise NotAllowed("Who may teach and use concepts is for Manage Server to change.")
        async with self._database.transaction() as session:
            await ensure_guild(session, actor.guild_id)
            row = await session.get(GuildSettingsRow, actor.guild_id)
            settings = _changed(_settings(row), changes)
            await _keep(session, actor.guild_id, settings)
        return settings


async def check_may(session: AsyncSession, actor: Actor, request: Request) -> None:
    """Whether the guild lets this person ask for that; moderators may do everything.

    Raises:
        NotAllowed: it takes a role that the person lacks.
    """
    settings = _settings(await session.get(GuildSettingsRow, actor.guild_id))
    if isinstance(request, TrainRequest | ImportRequest | FuseRequest):
        _check_role(actor, settings.train_roles, "Teaching concepts")
    if stack_of(request) or isinstance(request, ExportRequest):
        _check_role(actor, settings.use_roles, _using(request))


def _using(request: Request) -> str:
    if isinstance(request, TrainRequest):
        return "Using concepts, in `base_on` too,"
    if isinstance(request, FuseRequest):
        return "Using concepts, to fuse them too,"
    return "Using concepts"


def _check_role(actor: Actor, needed: Collection[int], what: str) -> None:
    if needed and not actor.moderates and actor.roles.isdisjoint(needed):
        roles = " or ".join(f"<@&{role}>" for role in needed)
        raise NotAllowed(f"{what} takes the role {roles} in this server.")


def _settings(row: GuildSettingsRow | None) -> GuildSettings:
    return GuildSettings() if row is None else GuildSettings.model_validate_json(row.changed)


def _changed(settings: GuildSettings, changes: dict[str, Any]) -> GuildSettings:
    for name in changes:
        if name not in GuildSettings.model_fields:
            raise InvalidInput(f"There is no setting called {name}.")
    try:
        return GuildSettings.model_validate(settings.model_dump() | changes)
    except ValidationError as error:
        names = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise InvalidInput(f"That value does not fit the setting {names}.") from error


async def _keep(session: AsyncSession, guild_id: int, settings: GuildSettings) -> None:
    changed = settings.model_dump_json(exclude_defaults=True)
    await session.merge(GuildSettingsRow(guild_id=guild_id, changed=changed))
