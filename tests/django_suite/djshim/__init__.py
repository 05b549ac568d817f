"""Stand-in for `django.test`, bound to the package named in $DJ_PKG.

It takes Client / RequestFactory from PKG.test.client and supplies the rest
(SimpleTestCase, override_settings, ...).  No database anywhere: TestCase and
TransactionTestCase are SimpleTestCase under other names.
"""

from .client import *  # noqa
from .client import AsyncClient, AsyncRequestFactory, Client, RequestFactory  # noqa
from .testcases import (  # noqa
    LiveServerTestCase,
    SimpleTestCase,
    TestCase,
    TransactionTestCase,
    skipIfDBFeature,
    skipUnlessAnyDBFeature,
    skipUnlessDBFeature,
)
from .utils import (  # noqa
    ignore_warnings,
    modify_settings,
    override_settings,
    override_system_checks,
    tag,
)
