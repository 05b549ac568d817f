"""Temporary files with a name.

In:     a suffix and a directory.
Out:    an open file that vanishes when it is closed.
Never:  needs the file to be there still: an upload handler may have moved it.
"""

import tempfile

gettempdir = tempfile.gettempdir
NamedTemporaryFile = tempfile.NamedTemporaryFile

__all__ = ["NamedTemporaryFile", "gettempdir"]
