"""Test cases with a client and with assertions about responses.

In:     a project's tests.
Out:    `SimpleTestCase`; `TestCase`, whose tests are rolled back; `TransactionTestCase`, whose are not.
Never:  opens the site's database: tests have their own (database.py), and a site without any has none.

Rules:  Django's SimpleTestCase.  No runner is needed: unittest's and pytest's do.  A test case sees
        "testserver" among ALLOWED_HOSTS, DEBUG off and mail in `mail.outbox`.  What Django's runner does
        first, `setup()`, the first test case does, unless the project has.
"""

import contextlib
import inspect
import unittest
from collections.abc import Iterator
from typing import Any, ClassVar

from penstock.web import setup
from penstock.web.apps import apps
from penstock.web.conf import settings
from penstock.web.test.assertion import ResponseAssertions
from penstock.web.test.client import AsyncClient, Client
from penstock.web.test.override import modify_settings, override_settings
from penstock.web.test.resemblance import TextAssertions
from penstock.web.utils.crossing import run_on_loop

__all__ = ["SimpleTestCase", "TestCase", "TransactionTestCase"]


class SimpleTestCase(ResponseAssertions, TextAssertions, unittest.TestCase):
    """A test case.

    Attributes:
        client: a Client, new for each test; `client_class` says of which class.
        async_client: an AsyncClient, likewise.
    """

    client_class: type[Any] = Client
    async_client_class: type[Any] = AsyncClient
    client: Any
    async_client: Any
    _overridden_settings: ClassVar[dict[str, Any] | None] = None
    _modified_settings: ClassVar[list[Any] | None] = None

    @classmethod
    def setUpClass(cls) -> None:
        """Enter the settings of tests, then those that decorate the class."""
        super().setUpClass()
        if not apps.ready:
            setup()
        cls.enterClassContext(
            override_settings(
                ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, "testserver"],
                DEBUG=False,
                EMAIL_BACKEND="penstock.web.core.mail.backends.locmem.EmailBackend",
            )
        )
        cls.enterClassContext(override_settings(**(cls._overridden_settings or {})))
        cls.enterClassContext(modify_settings(cls._modified_settings or []))

    def run(self, result: Any = None) -> Any:
        """Run one test, with clients and an outbox of its own; a coroutine as well."""
        from penstock.web.core import mail

        mail.outbox = []
        self.client = self.client_class()
        self.async_client = self.async_client_class()
        method = getattr(self, self._testMethodName)
        if inspect.iscoroutinefunction(method):
            setattr(self, self._testMethodName, run_on_loop(method))
        return super().run(result)

    def settings(self, **kwargs: Any) -> override_settings:
        """Return settings for a with block."""
        return override_settings(**kwargs)

    def modify_settings(self, **kwargs: Any) -> modify_settings:
        """Return changes of settings for a with block."""
        return modify_settings(**kwargs)


class TransactionTestCase(SimpleTestCase):
    """A test case whose commits are real; after each test all tables are emptied."""

    @classmethod
    def setUpClass(cls) -> None:
        """Set the class up, with databases of the tests' own."""
        super().setUpClass()
        if settings.DATABASES:
            from penstock.web.test.database import use_test_databases

            use_test_databases()

    def run(self, result: Any = None) -> Any:
        """Run one test, and empty the tables behind it."""
        try:
            return super().run(result)
        finally:
            if settings.DATABASES:
                from penstock.web.test.database import delete_all

                delete_all()

    def assertNumQueries(self, num: int, func: Any = None, *args: Any, using: str = "default") -> Any:
        """Assert how many queries a function asks, or a `with` block where none is given."""
        if func is not None:
            with self.assertNumQueries(num, using=using):
                func(*args)
            return None
        return self._counted(num, using)

    @contextlib.contextmanager
    def _counted(self, num: int, using: str) -> Iterator[list[str]]:
        from penstock.web.test.database import captured_queries

        with captured_queries(using) as seen:
            yield seen
        shown = "".join(f"\n{place}. {statement}" for place, statement in enumerate(seen, 1))
        if num != len(seen):
            self.fail(f"{len(seen)} queries were asked; expected {num}{shown}")


class TestCase(TransactionTestCase):
    """A test case each of whose tests is rolled back; `setUpTestData` is called once for the class."""

    @classmethod
    def setUpClass(cls) -> None:
        """Set the class up, and its data, in a transaction that ends with the class."""
        super().setUpClass()
        if not settings.DATABASES:
            cls.setUpTestData()
            return
        from penstock.web.test.database import detached, rolled_back

        cls.enterClassContext(rolled_back())
        with detached():
            cls.setUpTestData()

    @classmethod
    def setUpTestData(cls) -> None:
        """Make what all tests of the class look at, and none changes."""

    def run(self, result: Any = None) -> Any:
        """Run one test, and take back what it did."""
        if not settings.DATABASES:
            return SimpleTestCase.run(self, result)
        from penstock.web.test.database import rolled_back

        with rolled_back():
            return SimpleTestCase.run(self, result)
