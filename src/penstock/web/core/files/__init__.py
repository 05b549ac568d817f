"""Files: what views open, what clients upload, where they are kept."""

from penstock.web.core.files.base import File

__all__ = ["File"]
