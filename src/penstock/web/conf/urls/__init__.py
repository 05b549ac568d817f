"""The error handlers of a URLconf that names none.

In:     nothing.
Out:    `handler400`, `handler403`, `handler404`, `handler500`; `include`, where Django keeps it, too.
Never:  imports the views: most processes never need them.
Rules:  Django's names.
"""

from typing import Final

from penstock.web.urls import include

__all__ = ("handler400", "handler403", "handler404", "handler500", "include")

handler400: Final = "penstock.web.views.defaults.bad_request"
handler403: Final = "penstock.web.views.defaults.permission_denied"
handler404: Final = "penstock.web.views.defaults.page_not_found"
handler500: Final = "penstock.web.views.defaults.server_error"
