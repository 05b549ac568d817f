"""Test cases with a client and with assertions about responses.

In:     a project's tests.
Out:    `SimpleTestCase`; `TestCase` and `TransactionTestCase`, which are the same here.
Never:  opens a database: the framework has none, so nothing needs to be rolled back.

Rules:  Django's SimpleTestCase.  No runner is needed: unittest's and pytest's do.  A test case sees
        "testserver" among ALLOWED_HOSTS, DEBUG off and mail in `mail.outbox`.  What Django's runner does
        first, `setup()`, the first test case does, unless the project has.
"""

import inspect
import unittest
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


class TestCase(SimpleTestCase):
    """A test case of a project that came from Django; `setUpTestData` is called once for the class."""

    @classmethod
    def setUpClass(cls) -> None:
        """Set the class up, and its data."""
        super().setUpClass()
        cls.setUpTestData()

    @classmethod
    def setUpTestData(cls) -> None:
        """Make what all tests of the class look at, and none changes."""


class TransactionTestCase(SimpleTestCase):
    """A test case, under the name that Django has for tests of transactions."""
