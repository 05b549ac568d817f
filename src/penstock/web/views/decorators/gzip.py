"""Compression of one view.

In:     a view.
Out:    a view.
Never:  compresses by itself (middleware/gzip.py).
Rules:  Django's.
"""

from penstock.web.middleware.gzip import GZipMiddleware
from penstock.web.utils.decorators import decorator_from_middleware

gzip_page = decorator_from_middleware(GZipMiddleware)
