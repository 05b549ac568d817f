"""Numbers and lengths within limits.

In:     a value that can be compared, or has a length; a Decimal.
Out:    None, or ValidationError.
Never:  converts: what came as text is compared as text.
Rules:  Django's names and verdicts. A limit may be a callable, asked each time.
"""

import math
from decimal import Decimal
from typing import Any

from penstock.web.core.exceptions import ValidationError
from penstock.web.core.validators.equality import EqualByValue


class BaseValidator(EqualByValue):
    """A limit and a comparison with it: `compare` says what does not pass, `clean` what is compared."""

    message: Any = "expected %(limit_value)s, not %(show_value)s"
    code: str = "limit_value"

    def __init__(self, limit_value: Any, message: Any = None) -> None:
        self.limit_value = limit_value
        self.message = message or self.message

    def __call__(self, value: Any) -> None:
        """Pass, or raise ValidationError."""
        cleaned = self.clean(value)
        limit = self.limit_value() if callable(self.limit_value) else self.limit_value
        if self.compare(cleaned, limit):
            params = {"limit_value": limit, "show_value": cleaned, "value": value, **self.more_params()}
            raise ValidationError(self.message, code=self.code, params=params)

    def compare(self, a: Any, b: Any) -> bool:
        """Tell whether `a` does not keep the limit `b`."""
        return a is not b

    def clean(self, x: Any) -> Any:
        """Return what of a value is compared."""
        return x

    def more_params(self) -> dict[str, Any]:
        """Return what a message may name besides."""
        return {}


class MaxValueValidator(BaseValidator):
    """Passes what is at most the limit."""

    message = "expected at most %(limit_value)s"
    code = "max_value"

    def compare(self, a: Any, b: Any) -> bool:
        """Tell whether `a` is above."""
        return bool(a > b)


class MinValueValidator(BaseValidator):
    """Passes what is at least the limit."""

    message = "expected at least %(limit_value)s"
    code = "min_value"

    def compare(self, a: Any, b: Any) -> bool:
        """Tell whether `a` is below."""
        return bool(a < b)


class StepValueValidator(BaseValidator):
    """Passes multiples of the limit, counted from `offset`; rounding errors below 1e-9 are forgiven."""

    message = "expected a multiple of %(limit_value)s"
    code = "step_size"

    def __init__(self, limit_value: Any, message: Any = None, offset: Any = None) -> None:
        super().__init__(limit_value, message)
        if offset is not None and message is None:
            self.message = "expected a multiple of %(limit_value)s above %(offset)s"
        self.offset = offset

    def compare(self, a: Any, b: Any) -> bool:
        """Tell whether `a` lies between two steps."""
        distance = a if self.offset is None else a - self.offset
        return not math.isclose(math.remainder(distance, b), 0, abs_tol=1e-9)

    def more_params(self) -> dict[str, Any]:
        """Return the offset."""
        return {} if self.offset is None else {"offset": self.offset}


class MinLengthValidator(BaseValidator):
    """Passes what is at least so long."""

    message = "expected a length of at least %(limit_value)d, not %(show_value)d"
    code = "min_length"

    def compare(self, a: Any, b: Any) -> bool:
        """Tell whether `a` is below."""
        return bool(a < b)

    def clean(self, x: Any) -> int:
        """Return the length."""
        return len(x)


class MaxLengthValidator(BaseValidator):
    """Passes what is at most so long."""

    message = "expected a length of at most %(limit_value)d, not %(show_value)d"
    code = "max_length"

    def compare(self, a: Any, b: Any) -> bool:
        """Tell whether `a` is above."""
        return bool(a > b)

    def clean(self, x: Any) -> int:
        """Return the length."""
        return len(x)


class DecimalValidator(EqualByValue):
    """Passes a Decimal of at most so many digits, of which so many may stand behind the point."""

    def __init__(self, max_digits: int | None, decimal_places: int | None) -> None:
        self.max_digits = max_digits
        self.decimal_places = decimal_places

    def __call__(self, value: Decimal) -> None:
        """Pass, or raise ValidationError."""
        if not value.is_finite():
            raise ValidationError("expected a number", code="invalid", params={"value": value})
        digits, decimals = _digits_and_decimals(value)
        room = None
        if self.max_digits is not None and self.decimal_places is not None:
            room = self.max_digits - self.decimal_places
        for code, place, count, most in (
            ("max_digits", "in all", digits, self.max_digits),
            ("max_decimal_places", "behind the point", decimals, self.decimal_places),
            ("max_whole_digits", "before the point", digits - decimals, room),
        ):
            if most is not None and count > most:
                raise ValidationError(
                    f"expected at most %(max)s digits {place}",
                    code=code,
                    params={"max": most, "value": value},
                )


def _digits_and_decimals(value: Decimal) -> tuple[int, int]:
    """Count digits as they are written without an exponent, and those behind the point."""
    _, figures, exponent = value.as_tuple()
    shift = int(exponent)
    if shift >= 0:
        return len(figures) + (shift if figures != (0,) else 0), 0
    return max(len(figures), -shift), -shift
