"""What the site remembers.

    Tool --< Parameter --< Subgroup --< Measurement        what was measured
                 |
                 `--< Chart --< RuleSet --< RuleLine       how it is judged: each change is a new RuleSet
                        |---< LimitSet                     or a new LimitSet
                        |
                        `--< Alarm                         what came of it

    User --< ApiToken                                      who looks, and who may change something
    Import --< ImportFault, StagedMeasurement              a file on its way in
    LogInFailure                                           what the log-in is throttled by

Subgroups and measurements carry natural keys, (parameter, number) and (parameter, number, position): a chart
is one range of the primary key, read in order, and 1,000,000 rows need no second index.

Never:  knows statistics or HTTP.
"""

import datetime as dt
import enum

from sqlalchemy import (
    BigInteger,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from penstock.web import db
from spc.statistics import ChartKind, Rule

# Beyond it the sums of squares of limits and capability would overflow; no instrument says so much.
MAX_MAGNITUDE = 1e100


def now() -> dt.datetime:
    """The moment, in UTC: the only zone that the site stores."""
    return dt.datetime.now(dt.UTC)


def words(kind: type[enum.StrEnum]) -> Enum:
    """A column of an enum's values, as text: a new member needs no migration."""
    return Enum(kind, native_enum=False, length=16, values_callable=lambda members: [str(m) for m in members])


class Role(enum.StrEnum):
    """What somebody may do: everybody looks, an engineer changes."""

    VIEWER = "viewer"
    ENGINEER = "engineer"


class Measure(enum.StrEnum):
    """What the values of a parameter are."""

    VALUES = "values"  # thicknesses, temperatures
    DEFECTIVES = "defectives"  # how many of the inspected pieces are bad
    DEFECTS = "defects"  # how many faults there are on what was inspected


class User(db.Model):
    """Somebody who may log in."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(words(Role))

    @property
    def may_change(self) -> bool:
        """Whether rules, limits, alarms and measurements are theirs to change."""
        return self.role is Role.ENGINEER


class ApiToken(db.Model):
    """Something that a program shows instead of a log-in: whoever has it is its user.

    Attributes:
        name: what it is for, in its user's words.
        digest: SHA-256 of the token, which nobody keeps: account/token.py.
    """

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(50))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[dt.datetime] = mapped_column(default=now)


class LogInFailure(db.Model):
    """A log-in with a wrong name or password."""

    __tablename__ = "log_in_failures"
    __table_args__ = (Index(None, "address", "failed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    address: Mapped[str] = mapped_column(String(50))
    failed_at: Mapped[dt.datetime] = mapped_column(default=now)


class Tool(db.Model):
    """A machine of the factory."""

    __tablename__ = "tools"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    area: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(String(200), default="")

    parameters: Mapped[list["Parameter"]] = relationship(back_populates="tool", order_by="Parameter.id")


class Parameter(db.Model):
    """Something that is measured on a tool again and again.

    Attributes:
        subgroup_size: measurements that make one subgroup; 1 for individuals and for counts.
        measure: what the values are; counts are of the subgroup's `size` pieces.
        last_number: the highest subgroup there is; 0 before the first.
    """

    __tablename__ = "parameters"
    __table_args__ = (UniqueConstraint("tool_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tool_id: Mapped[int] = mapped_column(ForeignKey("tools.id"))
    name: Mapped[str] = mapped_column(String(50))
    unit: Mapped[str] = mapped_column(String(20), default="")
    subgroup_size: Mapped[int]
    measure: Mapped[Measure] = mapped_column(words(Measure), default=Measure.VALUES)
    last_number: Mapped[int] = mapped_column(default=0)

    tool: Mapped[Tool] = relationship(back_populates="parameters")
    charts: Mapped[list["Chart"]] = relationship(back_populates="parameter", order_by="Chart.id")

    @property
    def is_count(self) -> bool:
        """Whether each value is a number of things that were found."""
        return self.measure is not Measure.VALUES


class Subgroup(db.Model):
    """Measurements that were taken together.

    Attributes:
        taken_s: when, in seconds since 1970.
        size: pieces that were inspected, where defects are counted; else the number of measurements.
    """

    __tablename__ = "subgroups"
    __table_args__ = ({"sqlite_with_rowid": False},)

    parameter_id: Mapped[int] = mapped_column(ForeignKey("parameters.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    taken_s: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int]


class Measurement(db.Model):
    """One value, None where it could not be taken; `position` counts from 0 within its subgroup."""

    __tablename__ = "measurements"
    __table_args__ = (
        ForeignKeyConstraint(["parameter_id", "number"], ["subgroups.parameter_id", "subgroups.number"]),
        {"sqlite_with_rowid": False},
    )

    parameter_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[float | None]


class LimitColumns:
    """How a parameter is drawn and judged: of a chart now, and of each version that it had.

    The limits are entered (`centre` and `sigma`, the standard deviation of one measurement) or, where those
    are None, computed from a baseline of `baseline_count` subgroups from the index `baseline_first` on.

    Attributes:
        lower_spec, upper_spec: what the customer takes; None where there is no such end.
        alarm_weight: an alarm is raised at a point whose violated rules weigh at least so much together.
    """

    kind: Mapped[ChartKind] = mapped_column(words(ChartKind))
    baseline_first: Mapped[int] = mapped_column(default=0)
    baseline_count: Mapped[int] = mapped_column(default=100)
    centre: Mapped[float | None]
    sigma: Mapped[float | None]
    lower_spec: Mapped[float | None]
    upper_spec: Mapped[float | None]
    alarm_weight: Mapped[float] = mapped_column(default=1.0)

    @property
    def has_entered_limits(self) -> bool:
        """Whether somebody entered the limits; else they come from the baseline."""
        return self.centre is not None


class Chart(LimitColumns, db.Model):
    """A parameter as it is drawn and judged now.

    Attributes:
        version: goes up whenever the drawing would change; caches and ETags are made of it.
    """

    __tablename__ = "charts"

    id: Mapped[int] = mapped_column(primary_key=True)
    parameter_id: Mapped[int] = mapped_column(ForeignKey("parameters.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)

    parameter: Mapped[Parameter] = relationship(back_populates="charts", lazy="joined", innerjoin=True)


class Change:
    """Rules or limits of a chart as somebody left them; the one of the highest number is in force."""

    id: Mapped[int] = mapped_column(primary_key=True)
    chart_id: Mapped[int] = mapped_column(ForeignKey("charts.id"))
    number: Mapped[int]
    changed_at: Mapped[dt.datetime] = mapped_column(default=now)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    remark: Mapped[str] = mapped_column(String(200), default="")

    @declared_attr
    def changed_by(self) -> Mapped[User | None]:
        return relationship(lazy="joined")


class LimitSet(Change, LimitColumns, db.Model):
    """The limits of a chart as somebody left them."""

    __tablename__ = "limit_sets"
    __table_args__ = (UniqueConstraint("chart_id", "number"),)


class RuleSet(Change, db.Model):
    """The rules of a chart as somebody left them."""

    __tablename__ = "rule_sets"
    __table_args__ = (UniqueConstraint("chart_id", "number"),)

    lines: Mapped[list["RuleLine"]] = relationship(lazy="selectin", order_by="RuleLine.position")


class RuleLine(db.Model):
    """One rule of a set: `run` of `out_of` points, `sigmas` away; see statistics/rules.py."""

    __tablename__ = "rule_lines"

    rule_set_id: Mapped[int] = mapped_column(ForeignKey("rule_sets.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rule: Mapped[Rule] = mapped_column(words(Rule))
    is_on: Mapped[bool]
    weight: Mapped[float]
    run: Mapped[int]
    out_of: Mapped[int]
    sigmas: Mapped[float]


class Alarm(db.Model):
    """A point whose violated rules weigh enough, until somebody has seen to it.

    Attributes:
        rules: the violated rules, separated by blanks: text, because it says what was true at that time.
    """

    __tablename__ = "alarms"
    __table_args__ = (
        UniqueConstraint("chart_id", "number"),
        Index(None, "acknowledged_at", "taken_s"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    chart_id: Mapped[int] = mapped_column(ForeignKey("charts.id"))
    number: Mapped[int]
    taken_s: Mapped[int] = mapped_column(BigInteger)
    raised_at: Mapped[dt.datetime] = mapped_column(default=now)
    value: Mapped[float]
    rules: Mapped[str] = mapped_column(String(100))
    weight: Mapped[float]
    acknowledged_at: Mapped[dt.datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(Text, default="")

    chart: Mapped[Chart] = relationship(lazy="joined", innerjoin=True)
    acknowledged_by: Mapped[User | None] = relationship(lazy="joined")


class ImportState(enum.StrEnum):
    """
    WAITING --> READING --> STORING --> DONE
                   |            |
                   `------------`-----> REFUSED
    """

    WAITING = "waiting"  # the file is there; its process is not
    READING = "reading"  # rows are checked and staged
    STORING = "storing"  # one transaction moves them into place
    DONE = "done"
    REFUSED = "refused"  # nothing of it was stored


class Import(db.Model):
    """A file of measurements that somebody uploaded.

    Attributes:
        read_bytes: how much of the file has been read: what the progress bar shows.
        message: why it was refused, where that has nothing to do with single rows.
        fault_count: how many faults were found, several in a row perhaps; each is kept as ImportFault.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_name: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    uploaded_at: Mapped[dt.datetime] = mapped_column(default=now)
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[ImportState] = mapped_column(words(ImportState), default=ImportState.WAITING)
    moved_at: Mapped[dt.datetime] = mapped_column(default=now)
    read_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    row_count: Mapped[int] = mapped_column(default=0)
    fault_count: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(Text, default="")

    uploaded_by: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_over(self) -> bool:
        """Whether nothing about it will change any more."""
        return self.state in (ImportState.DONE, ImportState.REFUSED)


class ImportFault(db.Model):
    """What is wrong with one row of an uploaded file; `row` is its line, the header being line 1."""

    __tablename__ = "import_faults"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row: Mapped[int]
    column: Mapped[str] = mapped_column(String(50))
    message: Mapped[str] = mapped_column(String(300))


class StagedMeasurement(db.Model):
    """A measurement that is checked and not yet stored: nobody sees it before its whole file is right."""

    __tablename__ = "staged_measurements"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    parameter_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    taken_s: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int]
    value: Mapped[float]
