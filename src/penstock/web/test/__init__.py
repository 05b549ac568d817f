"""What a project's tests import.

In:     nothing.
Out:    clients, factories, test cases and overridden settings, under django.test's names.
Never:  imported by the framework itself.
"""

from penstock.web.test.client import AsyncClient, AsyncRequestFactory, Client, RequestFactory

__all__ = ["AsyncClient", "AsyncRequestFactory", "Client", "RequestFactory"]
