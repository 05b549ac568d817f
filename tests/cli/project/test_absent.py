import pytest

from penstock.cli.project.absent import ADVICE, OTHERWISE, advice_for
from penstock.cli.project.scan import is_there


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("db.models.Model", "SQLAlchemy"),
        ("contrib.auth.models.User", "argon2"),
        ("template.Library.filter", "Jinja2"),
    ],
)
def test_advice_is_that_of_the_longest_beginning(name: str, word: str) -> None:
    assert word in advice_for(name)


def test_name_without_advice_leads_to_the_page() -> None:
    assert advice_for("nothing.like.that") == OTHERWISE


@pytest.mark.parametrize("name", sorted(set(ADVICE) - {"views.generic", "templatetags"}))
def test_what_the_table_calls_absent_is_absent(name: str) -> None:
    assert not is_there(f"django.{name}")
