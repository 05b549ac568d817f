"""Each query as a span of its request: what was asked, how long it took, and whether it failed.

In:     the events of an engine.
Out:    spans `db.query` (with `statement` and `database`).
Never:  keeps parameters: they are people's data; keeps more of a statement than is needed to find it.
Rules:  the time includes that for SQLite's BEGIN, which is where a writer waits for another.
"""

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

from penstock.telemetry.traces.span import span

if TYPE_CHECKING:
    from sqlalchemy import Engine, ExceptionContext

# An ORM's SELECT of some thirty columns; what follows would be more of the same.
MAX_STATEMENT_CHARACTERS: Final = 1000


def measure(engine: "Engine", alias: str) -> None:
    """Open a span around each query; before anybody else listens, so that it holds all that they do."""

    def begin(_connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: Any) -> None:
        step = span("db.query", statement=statement[:MAX_STATEMENT_CHARACTERS], database=alias)
        context._penstock_span = step
        step.__enter__()

    def end(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: Any) -> None:
        context._penstock_span.__exit__(None, None, None)

    def fail(failed: "ExceptionContext") -> None:
        step = getattr(failed.execution_context, "_penstock_span", None)
        if step is not None:
            step.__exit__(type(failed.original_exception), None, None)  # its text may hold parameters

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)
