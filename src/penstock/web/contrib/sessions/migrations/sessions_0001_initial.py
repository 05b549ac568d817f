"""Initial."""

import sqlalchemy as sa
from alembic import op

from penstock.web.db import UTCDateTime

revision = "sessions_0001"
down_revision = None
branch_labels = ("sessions",)
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "django_session",
        sa.Column("session_key", sa.String(length=40), nullable=False),
        sa.Column("session_data", sa.Text(), nullable=False),
        sa.Column("expire_date", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("session_key", name=op.f("pk_django_session")),
    )
    op.create_index(op.f("ix_django_session_expire_date"), "django_session", ["expire_date"])


def downgrade() -> None:
    """Drop it, and with it all sessions."""
    op.drop_index(op.f("ix_django_session_expire_date"), "django_session")
    op.drop_table("django_session")
