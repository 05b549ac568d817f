"""The language of this context, for patterns that are translated.

In:     nothing.
Out:    the language's code, or None.
Never:  imports the translation: as long as nobody has, no language was ever chosen.
Rules:  Django's `get_language`; a translated pattern is another expression in each language.
"""

import sys


def get_language() -> str | None:
    """Return the code of the language that is active in this context, or None."""
    translation = sys.modules.get("penstock.web.utils.translation")
    return None if translation is None else translation.get_language()
