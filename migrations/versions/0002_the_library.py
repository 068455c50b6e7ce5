"""Versions that can be chosen, other names, tags, saved stacks, and files for other tools."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TABLES = ("aliases", "tags", "stacks", "exports")


def upgrade() -> None:
    op.add_column("concepts", sa.Column("chosen", sa.Integer(), nullable=True))
    op.add_column("versions", sa.Column("weights", sa.Text(), nullable=False, server_default=""))
    aliases()
    tags()
    stacks()
    exports()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for table, column in (("versions", "weights"), ("concepts", "chosen")):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)


def aliases() -> None:
    op.create_table(
        "aliases",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_aliases_guild_id"),
        sa.ForeignKeyConstraint(["concept_id"], ["concepts.id"], name="fk_aliases_concept_id"),
        sa.PrimaryKeyConstraint("guild_id", "name", name="pk_aliases"),
    )
    op.create_index("ix_aliases_concept_id", "aliases", ["concept_id"])


def tags() -> None:
    op.create_table(
        "tags",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("concept_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_tags_guild_id"),
        sa.ForeignKeyConstraint(["concept_id"], ["concepts.id"], name="fk_tags_concept_id"),
        sa.PrimaryKeyConstraint("guild_id", "name", "concept_id", name="pk_tags"),
    )
    op.create_index("ix_tags_concept_id", "tags", ["concept_id"])


def stacks() -> None:
    op.create_table(
        "stacks",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_stacks_guild_id"),
        sa.PrimaryKeyConstraint("guild_id", "name", name="pk_stacks"),
    )


def exports() -> None:
    op.create_table(
        "exports",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_exports_guild_id"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_exports_job_id"),
        sa.PrimaryKeyConstraint("job_id", name="pk_exports"),
    )
    op.create_index("ix_exports_guild_id", "exports", ["guild_id"])
