"""The CSRF token in a context: as text, and as a hidden field of a form.

In:     a request.
Out:    lazy text: the token is made, and its cookie sent, only if a template shows it.
Never:  checks a token (middleware/csrf.py).
Rules:  Django's names.
"""

from typing import TYPE_CHECKING

from penstock.web.middleware.csrf import get_token
from penstock.web.utils.functional import lazy
from penstock.web.utils.html import format_html
from penstock.web.utils.safestring import SafeString

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest


def csrf_input(request: "HttpRequest") -> SafeString:
    """Return the hidden field."""
    return format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request))


csrf_input_lazy = lazy(csrf_input, SafeString, str)
csrf_token_lazy = lazy(get_token, str)
