"""Favourites, and what the checkpoints of a training were worth."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("versions", sa.Column("course", sa.Text(), nullable=False, server_default="[]"))
    op.create_table(
        "favourites",
        sa.Column("image_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_favourites_guild_id"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_favourites_image_id"),
        sa.PrimaryKeyConstraint("image_id", name="pk_favourites"),
    )
    op.create_index("ix_favourites_guild_id", "favourites", ["guild_id"])


def downgrade() -> None:
    op.drop_table("favourites")
    with op.batch_alter_table("versions") as versions:
        versions.drop_column("course")
