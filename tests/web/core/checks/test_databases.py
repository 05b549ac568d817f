import pytest

from penstock.web.apps import apps
from penstock.web.core.checks.databases import check_databases


@pytest.fixture(autouse=True)
def loaded() -> None:
    apps.populate([])


def ids(override, written) -> list[str]:
    override(DATABASES={"default": written} if written is not None else {})
    return [message.id for message in check_databases()]


def test_site_without_databases_is_well(override) -> None:
    assert ids(override, None) == []


def test_database_that_is_well_is_not_mentioned(override, tmp_path) -> None:
    assert ids(override, {"URL": f"sqlite:///{tmp_path}/a.db"}) == []


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ({"ULR": "sqlite://"}, "databases.E001"),
        ({"URL": "nonsense"}, "databases.E001"),
        ({"URL": "sqlite:////nowhere/at/all.db"}, "databases.E002"),
        ({"URL": "postgresql://nobody@127.0.0.1:9/nothing"}, "databases.E002"),
    ],
    ids=["misspelt", "url", "no-folder", "away"],
)
def test_database_that_cannot_be_used_is_an_error(override, written, number) -> None:
    assert ids(override, written) == [number]
