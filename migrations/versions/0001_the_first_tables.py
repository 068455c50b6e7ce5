"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite counts ids only in a column called INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
TABLES = (
    "guilds",
    "concepts",
    "guild_settings",
    "jobs",
    "deliveries",
    "images",
    "job_events",
    "speeds",
    "transcripts",
    "versions",
    "ratings",
)


def upgrade() -> None:
    guilds()
    concepts()
    guild_settings()
    jobs()
    deliveries()
    images()
    job_events()
    speeds()
    transcripts()
    versions()
    ratings()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def guilds() -> None:
    op.create_table(
        "guilds",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_guilds"),
    )


def concepts() -> None:
    op.create_table(
        "concepts",
        sa.Column("id", ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("class_noun", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_concepts_guild_id"),
        sa.PrimaryKeyConstraint("id", name="pk_concepts"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_concepts_live_name",
        "concepts",
        ["guild_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def guild_settings() -> None:
    op.create_table(
        "guild_settings",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_guild_settings_guild_id"),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guild_settings"),
    )


def jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("checkpoint", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("status_message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["concept_id"], ["concepts.id"], name="fk_jobs_concept_id"),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_jobs_guild_id"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_concept_id", "jobs", ["concept_id"])
    op.create_index("ix_jobs_order", "jobs", ["state", "kind", "guild_id", "id"])
    op.create_index("ix_jobs_person", "jobs", ["guild_id", "user_id", "id"])


def deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", TIME, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_deliveries_guild_id"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_deliveries_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("job_id", name="uq_deliveries_job_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_due", "deliveries", ["state", "not_before"])


def images() -> None:
    op.create_table(
        "images",
        sa.Column("id", ID, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_images_guild_id"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_images_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        sa.UniqueConstraint("job_id", "index", name="uq_images_job_id_index"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_images_guild_id", "images", ["guild_id"])


def job_events() -> None:
    op.create_table(
        "job_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_events_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_events_job_id", "job_events", ["job_id"])


def speeds() -> None:
    op.create_table(
        "speeds",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("units", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("default_steps", sa.Integer(), nullable=True),
        sa.Column("default_area_px", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_speeds_job_id"),
        sa.PrimaryKeyConstraint("job_id", name="pk_speeds"),
    )
    op.create_index("ix_speeds_kind", "speeds", ["kind", "job_id"])


def transcripts() -> None:
    op.create_table(
        "transcripts",
        sa.Column("id", ID, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("heard", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("answered_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_transcripts_guild_id"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_transcripts_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_transcripts"),
        sa.UniqueConstraint("job_id", name="uq_transcripts_job_id"),
        sqlite_autoincrement=True,
    )


def versions() -> None:
    op.create_table(
        "versions",
        sa.Column("id", ID, nullable=False),
        sa.Column("concept_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("pictures", sa.Text(), nullable=False),
        sa.Column("samples", sa.Text(), nullable=False),
        sa.Column("parents", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["concept_id"], ["concepts.id"], name="fk_versions_concept_id"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_versions_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.UniqueConstraint("concept_id", "number", name="uq_versions_concept_id_number"),
        sa.UniqueConstraint("job_id", name="uq_versions_job_id"),
        sqlite_autoincrement=True,
    )


def ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("rated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_ratings_image_id"),
        sa.PrimaryKeyConstraint("image_id", "user_id", name="pk_ratings"),
    )
