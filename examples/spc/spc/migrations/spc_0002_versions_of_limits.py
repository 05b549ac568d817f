"""Versions of limits: those that each chart has now become its first."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from penstock.web.db import UTCDateTime

revision = "spc_0002"
down_revision = "spc_0001"
branch_labels = None
depends_on = None

VALUES = (
    "kind",
    "baseline_first",
    "baseline_count",
    "centre",
    "sigma",
    "lower_spec",
    "upper_spec",
    "alarm_weight",
)


def upgrade() -> None:
    made = op.create_table(
        "limit_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chart_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "xbar-r",
                "xbar-s",
                "i-mr",
                "p",
                "np",
                "c",
                "u",
                name="chartkind",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("baseline_first", sa.Integer(), nullable=False),
        sa.Column("baseline_count", sa.Integer(), nullable=False),
        sa.Column("centre", sa.Double(), nullable=True),
        sa.Column("sigma", sa.Double(), nullable=True),
        sa.Column("lower_spec", sa.Double(), nullable=True),
        sa.Column("upper_spec", sa.Double(), nullable=True),
        sa.Column("alarm_weight", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["users.id"], name=op.f("fk_limit_sets_changed_by_id_users")
        ),
        sa.ForeignKeyConstraint(["chart_id"], ["charts.id"], name=op.f("fk_limit_sets_chart_id_charts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_sets")),
        sa.UniqueConstraint("chart_id", "number", name=op.f("uq_limit_sets_chart_id_number")),
    )
    charts = sa.table("charts", sa.column("id"), *(sa.column(name) for name in VALUES))
    first = sa.select(
        charts.c.id,
        sa.literal(1),
        sa.literal(dt.datetime.now(dt.UTC), UTCDateTime()),
        sa.literal("before limits had versions"),
        *(charts.c[name] for name in VALUES),
    )
    op.execute(made.insert().from_select(["chart_id", "number", "changed_at", "remark", *VALUES], first))


def downgrade() -> None:
    op.drop_table("limit_sets")
