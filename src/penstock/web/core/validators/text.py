"""Text of a certain form.

In:     a value; what is no text is looked at as `str` shows it.
Out:    None, or ValidationError.
Never:  repairs.
Rules:  Django's names and verdicts.
"""

import re
from typing import Any, Final

from penstock.web.core.exceptions import ValidationError
from penstock.web.core.validators.equality import EqualByValue

EMPTY_VALUES: Final[tuple[Any, ...]] = (None, "", [], (), {})


class RegexValidator(EqualByValue):
    """Passes what a pattern is found in; with `inverse_match` what it is not found in.

    Subclasses may set the attributes instead of passing arguments.

    Raises:
        TypeError: flags for a pattern that is compiled already.
    """

    regex: Any = ""
    message: Any = "expected another form"
    code: str = "invalid"
    inverse_match: bool = False
    flags: int = 0

    def __init__(
        self,
        regex: str | re.Pattern[str] | None = None,
        message: Any = None,
        code: str | None = None,
        inverse_match: bool | None = None,
        flags: int | None = None,
    ) -> None:
        given = {"message": message, "code": code, "inverse_match": inverse_match, "flags": flags}
        vars(self).update({name: value for name, value in given.items() if value is not None})
        pattern = self.regex if regex is None else regex
        if self.flags and not isinstance(pattern, str):
            raise TypeError(f"flags {self.flags!r} for {pattern!r}; expected them in re.compile()")
        self.regex = re.compile(pattern, self.flags)

    def __call__(self, value: Any) -> None:
        """Pass, or raise ValidationError."""
        if bool(self.regex.search(str(value))) is self.inverse_match:
            raise ValidationError(self.message, code=self.code, params={"value": value})


class ProhibitNullCharactersValidator(EqualByValue):
    """Passes what has no null character: C programs and PostgreSQL end a text there."""

    message: Any = "there is a null character in it"
    code: str = "null_characters_not_allowed"

    def __init__(self, message: Any = None, code: str | None = None) -> None:
        self.message = message or self.message
        self.code = code or self.code

    def __call__(self, value: Any) -> None:
        """Pass, or raise ValidationError."""
        if "\x00" in str(value):
            raise ValidationError(self.message, code=self.code, params={"value": value})


def int_list_validator(
    sep: str = ",", message: Any = None, code: str = "invalid", allow_negative: bool = False
) -> RegexValidator:
    """Return a validator for whole numbers with `sep` between them."""
    number = r"-?\d+" if allow_negative else r"\d+"
    form = rf"\A{number}(?:{re.escape(sep)}{number})*\Z"
    return RegexValidator(form, message or f"expected whole numbers with {sep!r} between them", code)


validate_integer: Final = RegexValidator(r"\A-?\d+\Z", "expected a whole number")
validate_slug: Final = RegexValidator(
    r"\A[-\w]+\Z", "expected letters of ASCII, digits, hyphens and underscores", flags=re.ASCII
)
validate_unicode_slug: Final = RegexValidator(
    r"\A[-\w]+\Z", "expected letters, digits, hyphens and underscores"
)
validate_comma_separated_integer_list: Final = int_list_validator()
