"""The content security policy: nothing runs or loads on a page but what this site serves from files.

No script and no style stands in a page, so that text which got past escaping would still not run.
`blob:` is for pictures that a chart draws of itself, to be saved.

Rules:  W3C Content Security Policy Level 3.
"""

from penstock.web.utils.deprecation import MiddlewareMixin

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class ContentSecurityPolicyMiddleware(MiddlewareMixin):
    """Sends the policy with each response that has none."""

    def process_response(self, request, response):
        response.setdefault("Content-Security-Policy", POLICY)
        return response
