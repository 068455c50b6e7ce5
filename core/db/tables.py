"""The tables; each row carries its guild, so that a query cannot forget whose it is."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.db.types import AsJson, UtcDateTime, by_value
from core.domain.codec import Codec
from core.domain.concepts import ConceptKind, StackPart
from core.domain.deliveries import DeliveryState
from core.domain.evaluation import Report, Scores, Waypoint
from core.domain.exports import ExportedFile
from core.domain.images import Manifest
from core.domain.jobs import JobKind, JobState, Progress
from core.domain.requests import Purpose, Request
from core.domain.speech import Change

# SQLite counts ids only in a column called INTEGER.
Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Snowflake = Annotated[int, mapped_column(BigInteger)]
GuildRef = Annotated[int, mapped_column(BigInteger, ForeignKey("guilds.id"))]
JobRef = Annotated[int, mapped_column(BigInteger, ForeignKey("jobs.id"))]
Keys = Annotated[tuple[str, ...], mapped_column(AsJson(Codec(tuple[str, ...])))]

# An id that was given to a person (in a button, a nonce) must never be given to another row.
NEVER_REUSED = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime(), str: Text()}  # noqa: RUF012 read by SQLAlchemy


class GuildRow(Base):
    """A tenant."""

    __tablename__ = "guilds"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    turn: Mapped[Snowflake] = mapped_column(default=0)
    """The history line by which a job of this guild was last claimed: the fair order."""


class GuildSettingsRow(Base):
    """What a guild's moderators have changed, as JSON."""

    __tablename__ = "guild_settings"
    guild_id: Mapped[GuildRef] = mapped_column(primary_key=True, autoincrement=False)
    changed: Mapped[str]


class ConceptRow(Base):
    """A concept; its name is free again once it is deleted."""

    __tablename__ = "concepts"
    __table_args__ = (
        Index(
            "uq_concepts_live_name",
            "guild_id",
            "name",
            unique=True,
            sqlite_where=sql("deleted_at IS NULL"),
            postgresql_where=sql("deleted_at IS NULL"),
        ),
        NEVER_REUSED,
    )
    id: Mapped[Id]
    guild_id: Mapped[GuildRef]
    owner_id: Mapped[Snowflake]
    name: Mapped[str]
    class_noun: Mapped[str]
    kind: Mapped[ConceptKind] = mapped_column(by_value(ConceptKind))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    chosen: Mapped[int | None]
    """The number of the version that prompts use; None for the newest."""


class AliasRow(Base):
    """Another name of a concept; while that is deleted, others may take it."""

    __tablename__ = "aliases"
    guild_id: Mapped[GuildRef] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    concept_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("concepts.id"), index=True)


class TagRow(Base):
    """A word under which a concept is found."""

    __tablename__ = "tags"
    guild_id: Mapped[GuildRef] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    concept_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("concepts.id"), primary_key=True, autoincrement=False, index=True
    )


class StackRow(Base):
    """Concepts with weights, kept under a name; versions are chosen when it is used."""

    __tablename__ = "stacks"
    guild_id: Mapped[GuildRef] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[Snowflake]
    parts: Mapped[tuple[StackPart, ...]] = mapped_column(AsJson(Codec(tuple[StackPart, ...])))
    saved_at: Mapped[datetime]


class JobRow(Base):
    """A job, with its whole request."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_order", "state", "kind", "guild_id", "id"),
        Index("ix_jobs_person", "guild_id", "user_id", "id"),
        NEVER_REUSED,
    )
    id: Mapped[Id]
    guild_id: Mapped[GuildRef]
    user_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    kind: Mapped[JobKind] = mapped_column(by_value(JobKind))
    state: Mapped[JobState] = mapped_column(by_value(JobState))
    request: Mapped[Request] = mapped_column(AsJson(Codec(Request)))
    concept_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("concepts.id"), index=True
    )
    attempt: Mapped[int] = mapped_column(default=0)
    losses: Mapped[int] = mapped_column(default=0)
    """Runs that ended with their worker, as `domain.jobs.losses_after` counts them."""
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    progress: Mapped[Progress | None] = mapped_column(AsJson(Codec(Progress)))
    error: Mapped[str | None]
    cautions: Mapped[Keys] = mapped_column(default=())
    """Sentences for the person, as `Job` says."""
    checkpoint: Mapped[str | None]
    reply_to: Mapped[Snowflake | None]
    status_message_id: Mapped[Snowflake | None]


class JobEventRow(Base):
    """One line of a job's history."""

    __tablename__ = "job_events"
    __table_args__ = (NEVER_REUSED,)
    id: Mapped[Id]
    job_id: Mapped[JobRef] = mapped_column(index=True)
    at: Mapped[datetime]
    state: Mapped[JobState] = mapped_column(by_value(JobState))
    attempt: Mapped[int]
    cause: Mapped[str]


class VersionRow(Base):
    """One trained version of a concept."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("concept_id", "number"), NEVER_REUSED)
    id: Mapped[Id]
    concept_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("concepts.id"))
    number: Mapped[int]
    artifact: Mapped[str]
    model: Mapped[str]
    weights: Mapped[str] = mapped_column(default="")
    """SHA-256 of the base model's UNet; empty where it was not noted."""
    family: Mapped[str] = mapped_column(default="")
    """Of base models; empty where it was not noted."""
    sketch: Mapped[str] = mapped_column(default="", deferred=True)
    """What it changes in the weights, for `core.domain.overlap`; empty where there is none."""
    pictures: Mapped[Keys]
    samples: Mapped[Keys]
    parents: Mapped[tuple[int, ...]] = mapped_column(AsJson(Codec(tuple[int, ...])))
    recipe: Mapped[str]
    seconds: Mapped[float]
    job_id: Mapped[JobRef] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    scores: Mapped[Scores | None] = mapped_column(AsJson(Codec(Scores)))
    course: Mapped[tuple[Waypoint, ...]] = mapped_column(
        AsJson(Codec(tuple[Waypoint, ...])), default=()
    )


class EvaluationRow(Base):
    """What an evaluation found; its images are rows of their own."""

    __tablename__ = "evaluations"
    job_id: Mapped[JobRef] = mapped_column(primary_key=True, autoincrement=False)
    guild_id: Mapped[GuildRef] = mapped_column(index=True)
    purpose: Mapped[Purpose] = mapped_column(by_value(Purpose))
    report: Mapped[Report] = mapped_column(AsJson(Codec(Report)))
    created_at: Mapped[datetime]


class ExportRow(Base):
    """The files that an `export` job made."""

    __tablename__ = "exports"
    job_id: Mapped[JobRef] = mapped_column(primary_key=True, autoincrement=False)
    guild_id: Mapped[GuildRef] = mapped_column(index=True)
    files: Mapped[tuple[ExportedFile, ...]] = mapped_column(AsJson(Codec(tuple[ExportedFile, ...])))


class ImageRow(Base):
    """One picture that a job made."""

    __tablename__ = "images"
    __table_args__ = (UniqueConstraint("job_id", "index"), NEVER_REUSED)
    id: Mapped[Id]
    job_id: Mapped[JobRef]
    guild_id: Mapped[GuildRef] = mapped_column(index=True)
    user_id: Mapped[Snowflake]
    index: Mapped[int]
    seed: Mapped[Snowflake]
    key: Mapped[str]
    width_px: Mapped[int]
    height_px: Mapped[int]
    manifest: Mapped[Manifest] = mapped_column(AsJson(Codec(Manifest)))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class FavouriteRow(Base):
    """An image that somebody starred; a dropped one can be brought back."""

    __tablename__ = "favourites"
    image_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("images.id"), primary_key=True, autoincrement=False
    )
    guild_id: Mapped[GuildRef] = mapped_column(index=True)
    user_id: Mapped[Snowflake]
    kept_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]


class RatingRow(Base):
    """What one person thinks of one image: +1 or -1."""

    __tablename__ = "ratings"
    image_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("images.id"), primary_key=True)
    user_id: Mapped[Snowflake] = mapped_column(primary_key=True)
    value: Mapped[int]
    rated_at: Mapped[datetime]


class TranscriptRow(Base):
    """What one voice message says."""

    __tablename__ = "transcripts"
    __table_args__ = (NEVER_REUSED,)
    id: Mapped[Id]
    job_id: Mapped[JobRef] = mapped_column(unique=True)
    guild_id: Mapped[GuildRef]
    user_id: Mapped[Snowflake]
    language: Mapped[str]
    heard: Mapped[str]
    prompt: Mapped[str]
    changes: Mapped[tuple[Change, ...]] = mapped_column(AsJson(Codec(tuple[Change, ...])))
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class DeliveryRow(Base):
    """One message that the bot owes; a job has one, once it has ended."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_due", "state", "not_before"), NEVER_REUSED)
    id: Mapped[Id]
    job_id: Mapped[JobRef] = mapped_column(unique=True)
    guild_id: Mapped[GuildRef]
    channel_id: Mapped[Snowflake]
    user_id: Mapped[Snowflake]
    state: Mapped[DeliveryState] = mapped_column(by_value(DeliveryState))
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    message_id: Mapped[Snowflake | None]


class SpeedRow(Base):
    """How long one job took for how much work, and what the base model chose by itself."""

    __tablename__ = "speeds"
    __table_args__ = (Index("ix_speeds_kind", "kind", "job_id"),)
    job_id: Mapped[JobRef] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[JobKind] = mapped_column(by_value(JobKind))
    units: Mapped[float]
    seconds: Mapped[float]
    default_steps: Mapped[int | None]
    default_area_px: Mapped[int | None]
