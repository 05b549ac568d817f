"""Names that Django keeps in this module, for storages that were written for it.

In:     nothing.
Out:    `FileProxyMixin`, `validate_file_name`.
Never:  holds code of its own.
"""

from penstock.web.core.files.name import validate_file_name
from penstock.web.core.files.proxy import FileProxyMixin

__all__ = ["FileProxyMixin", "validate_file_name"]
