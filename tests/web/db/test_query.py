import pytest
import sqlalchemy as sa

from penstock.telemetry.traces.span import Span
from penstock.web import db
from penstock.web.db import query, transaction


@pytest.fixture
def spans(monkeypatch):
    """The spans that are opened: name, attributes, and the error that ended each."""
    seen = []

    class Noted(Span):
        def __enter__(self):
            seen.append(self)
            self.ended_by = "nothing yet"
            return super().__enter__()

        def __exit__(self, kind, error, trace):
            self.ended_by = kind
            super().__exit__(kind, error, trace)

    monkeypatch.setattr(query, "span", Noted)
    monkeypatch.setattr(transaction, "span", Noted)
    return seen


def test_query_is_a_span_without_its_parameters(counter, spans) -> None:
    db.session().execute(sa.select(counter).where(counter.value == 424242))
    (step,) = spans
    assert (step.name, step.ended_by, step.attributes["database"]) == ("db.query", None, "default")
    assert step.attributes["statement"].startswith("SELECT test_counter.id")
    assert "424242" not in str(step.attributes)


def test_query_that_fails_ends_its_span_with_the_error(counter, spans) -> None:
    with pytest.raises(db.OperationalError):
        db.session().execute(sa.text("SELECT nonsense"))
    assert [step.ended_by.__name__ for step in spans] == ["OperationalError"]


def test_commit_of_a_block_is_a_span_around_what_it_flushes(counter, spans) -> None:
    with transaction.atomic():
        db.session().add(counter())
    assert [step.name for step in spans] == ["db.commit", "db.query"]


def test_statement_is_cut(counter, spans) -> None:
    db.session().execute(sa.text(f"SELECT '{'x' * 2000}'"))
    assert len(spans[0].attributes["statement"]) == query.MAX_STATEMENT_CHARACTERS
