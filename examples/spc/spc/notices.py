"""Sentences for the next page that somebody sees: "saved", "the import has begun".

In:     a request with a session.
Out:    `notices()` for templates; each sentence is shown once.
"""

KEY = "notices"


def add_notice(request, text: str) -> None:
    """Show a sentence on the next page."""
    request.session[KEY] = [*request.session.get(KEY, []), text]


def notices(request):
    """Context processor: `notices()`, which empties the list when a template asks for it."""
    return {"notices": lambda: request.session.pop(KEY, [])}
