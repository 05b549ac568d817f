"""Where we answer otherwise than Django, on purpose, and why.

A scenario that stands here must differ: what has become equal is to be taken out.
"""

from typing import Final

PERCENT: Final = (
    "Django takes a '%' in a route for the beginning of a format, so that route has no address; here it has"
)
DEVIATIONS: Final = {
    "reverse-quoting-below-''": PERCENT,
    "reverse-quoting-below-'/app'": PERCENT,
    "query-1001-fields": (
        "setting request.encoding throws away request.GET; Django reads the query string first, to see "
        "whether there is anything to throw away, and meets its limit"
    ),
}
