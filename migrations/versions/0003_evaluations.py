"""Evaluations, and the scores of a version."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("versions", sa.Column("scores", sa.Text(), nullable=True))
    op.create_table(
        "evaluations",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_evaluations_guild_id"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_evaluations_job_id"),
        sa.PrimaryKeyConstraint("job_id", name="pk_evaluations"),
    )
    op.create_index("ix_evaluations_guild_id", "evaluations", ["guild_id"])


def downgrade() -> None:
    op.drop_table("evaluations")
    with op.batch_alter_table("versions") as versions:
        versions.drop_column("scores")
