"""What a project's tests import.

In:     nothing.
Out:    clients, factories, test cases and overridden settings, under django.test's names.
Never:  imported by the framework itself.
"""

from penstock.web.test.client import AsyncClient, AsyncRequestFactory, Client, RequestFactory
from penstock.web.test.testcases import SimpleTestCase, TestCase, TransactionTestCase
from penstock.web.test.utils import (
    ignore_warnings,
    modify_settings,
    override_script_prefix,
    override_settings,
    tag,
)

__all__ = [
    "AsyncClient",
    "AsyncRequestFactory",
    "Client",
    "RequestFactory",
    "SimpleTestCase",
    "TestCase",
    "TransactionTestCase",
    "ignore_warnings",
    "modify_settings",
    "override_script_prefix",
    "override_settings",
    "tag",
]
