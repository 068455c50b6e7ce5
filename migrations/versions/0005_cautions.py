"""What is said of a job beforehand, and what that is said from: a version's family and sketch."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = (("jobs", "cautions", "[]"), ("versions", "family", ""), ("versions", "sketch", ""))


def upgrade() -> None:
    for table, column, empty in COLUMNS:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default=empty))


def downgrade() -> None:
    for table, column, _ in reversed(COLUMNS):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
