"""What a project's own modules raise, in one line: commands that only look show it instead of a traceback.

In:     an exception that importing settings, routes or views has raised; the folder of the project.
Out:    its type and message, and the project's line that it came from.
Never:  names a line of a library: whoever asks can change their own only.
"""

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path


def describe_failure(error: BaseException) -> str:
    """Return `Type: message (file:line)`; without a place where no line of the project was passed."""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    text = ": ".join(filter(None, (type(error).__name__, " ".join(message.split()))))
    place = next(_own_places(error), "")
    return f"{text} ({place})" if place else text


def _own_places(error: BaseException) -> Iterator[str]:
    """Yield the lines of the project, the innermost first."""
    lines = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((error.filename, error.lineno))
    here, libraries = Path.cwd(), Path(sys.prefix)
    for filename, number in reversed(lines):
        path = Path(filename)
        if path.is_relative_to(here) and not path.is_relative_to(libraries):
            yield f"{path.relative_to(here)}:{number}"
