"""Initial."""

import sqlalchemy as sa
from alembic import op

from penstock.web.db import UTCDateTime

revision = "spc_0001"
down_revision = None
branch_labels = ("spc",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "log_in_failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("address", sa.String(length=50), nullable=False),
        sa.Column("failed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_in_failures")),
    )
    with op.batch_alter_table("log_in_failures", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_log_in_failures_address_log_in_failures_failed_at"),
            ["address", "failed_at"],
            unique=False,
        )

    op.create_table(
        "tools",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("area", sa.String(length=50), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tools")),
        sa.UniqueConstraint("name", name=op.f("uq_tools_name")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column(
            "role", sa.Enum("viewer", "engineer", name="role", native_enum=False, length=16), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", UTCDateTime(), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "reading",
                "storing",
                "done",
                "refused",
                name="importstate",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("moved_at", UTCDateTime(), nullable=False),
        sa.Column("read_bytes", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("fault_count", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["users.id"], name=op.f("fk_imports_uploaded_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "parameters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tool_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("subgroup_size", sa.Integer(), nullable=False),
        sa.Column(
            "measure",
            sa.Enum("values", "defectives", "defects", name="measure", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tool_id"], ["tools.id"], name=op.f("fk_parameters_tool_id_tools")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parameters")),
        sa.UniqueConstraint("tool_id", "name", name=op.f("uq_parameters_tool_id_name")),
    )
    op.create_table(
        "charts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parameter_id", sa.Integer(), nullable=False),
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
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parameter_id"], ["parameters.id"], name=op.f("fk_charts_parameter_id_parameters")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charts")),
    )
    with op.batch_alter_table("charts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_charts_parameter_id"), ["parameter_id"], unique=False)

    op.create_table(
        "import_faults",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(length=50), nullable=False),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_faults_import_id_imports")
        ),
        sa.PrimaryKeyConstraint("import_id", "position", name=op.f("pk_import_faults")),
    )
    op.create_table(
        "staged_measurements",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("parameter_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("taken_s", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_staged_measurements_import_id_imports")
        ),
        sa.PrimaryKeyConstraint(
            "import_id", "parameter_id", "number", "position", name=op.f("pk_staged_measurements")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subgroups",
        sa.Column("parameter_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("taken_s", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parameter_id"], ["parameters.id"], name=op.f("fk_subgroups_parameter_id_parameters")
        ),
        sa.PrimaryKeyConstraint("parameter_id", "number", name=op.f("pk_subgroups")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chart_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("taken_s", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", UTCDateTime(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("rules", sa.String(length=100), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("acknowledged_at", UTCDateTime(), nullable=True),
        sa.Column("acknowledged_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["acknowledged_by_id"], ["users.id"], name=op.f("fk_alarms_acknowledged_by_id_users")
        ),
        sa.ForeignKeyConstraint(["chart_id"], ["charts.id"], name=op.f("fk_alarms_chart_id_charts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        sa.UniqueConstraint("chart_id", "number", name=op.f("uq_alarms_chart_id_number")),
    )
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alarms_acknowledged_at_alarms_taken_s"),
            ["acknowledged_at", "taken_s"],
            unique=False,
        )

    op.create_table(
        "measurements",
        sa.Column("parameter_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parameter_id", "number"],
            ["subgroups.parameter_id", "subgroups.number"],
            name=op.f("fk_measurements_parameter_id_number_subgroups"),
        ),
        sa.PrimaryKeyConstraint("parameter_id", "number", "position", name=op.f("pk_measurements")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rule_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chart_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["users.id"], name=op.f("fk_rule_sets_changed_by_id_users")
        ),
        sa.ForeignKeyConstraint(["chart_id"], ["charts.id"], name=op.f("fk_rule_sets_chart_id_charts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_sets")),
        sa.UniqueConstraint("chart_id", "number", name=op.f("uq_rule_sets_chart_id_number")),
    )
    op.create_table(
        "rule_lines",
        sa.Column("rule_set_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "rule",
            sa.Enum(
                "WE1",
                "WE2",
                "WE3",
                "WE4",
                "N1",
                "N2",
                "N3",
                "N4",
                "N5",
                "N6",
                "N7",
                "N8",
                name="rule",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("out_of", sa.Integer(), nullable=False),
        sa.Column("sigmas", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_set_id"], ["rule_sets.id"], name=op.f("fk_rule_lines_rule_set_id_rule_sets")
        ),
        sa.PrimaryKeyConstraint("rule_set_id", "position", name=op.f("pk_rule_lines")),
    )


def downgrade() -> None:
    op.drop_table("rule_lines")
    op.drop_table("rule_sets")
    op.drop_table("measurements")
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alarms_acknowledged_at_alarms_taken_s"))

    op.drop_table("alarms")
    op.drop_table("subgroups")
    op.drop_table("staged_measurements")
    op.drop_table("import_faults")
    with op.batch_alter_table("charts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_charts_parameter_id"))

    op.drop_table("charts")
    op.drop_table("parameters")
    op.drop_table("imports")
    op.drop_table("users")
    op.drop_table("tools")
    with op.batch_alter_table("log_in_failures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_log_in_failures_address_log_in_failures_failed_at"))

    op.drop_table("log_in_failures")
