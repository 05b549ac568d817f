"""Databases for tests; the test cases that use them run here by unittest, as a project's do."""

import unittest
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.web.db.conftest import Counter

from penstock.web import db
from penstock.web.apps import apps
from penstock.web.conf import settings
from penstock.web.db import transaction
from penstock.web.http import HttpResponse
from penstock.web.test import Client, TestCase, TransactionTestCase
from penstock.web.test.database import captured_queries, use_test_databases
from penstock.web.urls import path


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, override, urlconf, tmp_path):
    """A site with a database that has a row already; POST adds one more."""
    apps.populate([])
    url = f"sqlite:///{tmp_path}/site.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    override(DATABASES={"default": {"URL": url}})
    db.Model.metadata.create_all(db.engine(), tables=[Counter.__table__])
    with transaction.atomic():
        db.session().add(Counter(value=99))
    db.close_sessions()

    def view(request):
        db.session().add(Counter(value=1))
        db.session().commit()
        return HttpResponse(str(total()))

    urlconf(path("", view))
    yield url
    db.close_sessions()


def total() -> int:
    return db.session().scalar(sa.select(sa.func.count()).select_from(Counter))


def run(case: type[unittest.TestCase]) -> None:
    """Run all tests of a case as unittest does."""
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    result = unittest.TestResult()
    suite.run(result)
    problems = [text for _, text in (*result.failures, *result.errors)]
    assert problems == []
    assert result.testsRun == suite.countTestCases() or result.testsRun > 0


def test_tests_of_a_case_are_rolled_back_with_what_views_commit(site) -> None:
    class Case(TestCase):
        @classmethod
        def setUpTestData(cls):
            with transaction.atomic():
                cls.counter = Counter(value=5)
                db.session().add(cls.counter)

        def check(self):
            assert total() == 1
            assert self.counter.value == 5
            assert self.client.post("/").content == b"2"
            with transaction.atomic():
                db.session().add(Counter())
            with transaction.atomic():
                db.session().add(Counter())
            assert total() == 4

        test_one = test_two = check

    run(Case)
    assert total() == 1
    assert db.session().scalar(sa.select(Counter.value)) == 99


def test_hooks_run_after_the_commit_of_a_test(site) -> None:
    seen = []

    class Case(TestCase):
        def test(self):
            with transaction.atomic():
                transaction.on_commit(lambda: seen.append("hook"))
            assert seen == ["hook"]

    run(Case)
    assert seen == ["hook"]


def test_error_within_a_test_leaves_it_usable(site) -> None:
    class Case(TestCase):
        def test(self):
            with transaction.atomic():
                db.session().add(Counter(id=1))
            with pytest.raises(db.IntegrityError), transaction.atomic():
                db.session().execute(sa.insert(Counter).values(id=1))
            assert total() == 1

    run(Case)


def test_tables_are_emptied_behind_tests_of_transactions(site) -> None:
    class Case(TransactionTestCase):
        def check(self):
            assert total() == 0
            assert self.client.post("/").content == b"1"
            assert db.engine().pool.checkedout() == 0

        test_one = test_two = check

    run(Case)
    assert total() == 1


def test_queries_are_counted_and_shown(site) -> None:
    class Case(TestCase):
        def test(self):
            with self.assertNumQueries(2) as seen:
                total()
                total()
            assert "SELECT count" in seen[0]
            self.assertNumQueries(1, total)
            with pytest.raises(AssertionError, match=r"1 queries were asked; expected 0\n1\. SELECT"):
                self.assertNumQueries(0, total)

    run(Case)


def test_queries_of_requests_are_captured(site) -> None:
    with captured_queries() as seen:
        Client().post("/")
    assert [statement.split()[0] for statement in seen] == ["INSERT", "SELECT"]


def test_case_of_a_site_without_databases_opens_none(override) -> None:
    override(DATABASES={})

    class Case(TestCase):
        @classmethod
        def setUpTestData(cls):
            cls.word = "made"

        def test(self):
            assert self.word == "made"

    run(Case)


def test_name_of_the_site_itself_is_refused_for_tests(override) -> None:
    override(DATABASES={"default": {"URL": "postgresql://me@127.0.0.1:9/shop", "TEST": {"NAME": "shop"}}})
    with pytest.raises(ValueError, match="names 'shop' itself"):
        use_test_databases()


def test_database_of_tests_stands_elsewhere(site, tmp_path) -> None:
    class Case(TestCase):
        def test(self):
            assert str(tmp_path) not in settings.DATABASES["default"]["URL"]

    run(Case)
    assert settings.DATABASES["default"]["URL"] == site
    assert not list(Path(tmp_path).glob("default*"))
