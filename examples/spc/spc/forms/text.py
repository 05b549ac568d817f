"""Text that a database can hold.

PostgreSQL takes no NUL, and no database takes half a surrogate pair, which JSON can say. Either would end as
a fault of this site, where it is one of whoever sent it.

In:     text from a form or from JSON.
Out:    whether it can be stored; a validator that says so at the field.
"""

import re

from wtforms import ValidationError

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Tell whether every database can hold a text."""
    return not _UNSTORABLE.search(text)


def storable(_form, field) -> None:
    """Validate that a field's text can be stored; ValidationError if not."""
    if not is_storable(field.data or ""):
        raise ValidationError("It has a character that cannot be stored")
