"""Numbers in forms: finite, and refused with a sentence that says what came."""

import math

from wtforms import FloatField, IntegerField, ValidationError

from spc.models import MAX_MAGNITUDE


class FiniteFloatField(FloatField):
    """A number that can be computed with; `nan` and `inf`, which float() takes, are none."""

    def process_formdata(self, valuelist):
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        self.data = None
        try:
            number = float(valuelist[0].replace("_", "?"))
        except ValueError:
            raise ValidationError(f"{valuelist[0][:20]!r} is not a number") from None
        if not math.isfinite(number):
            raise ValidationError(f"{valuelist[0][:20]!r}; expected a finite number")
        if abs(number) > MAX_MAGNITUDE:
            raise ValidationError(f"{valuelist[0][:20]!r}; expected at most {MAX_MAGNITUDE:g}")
        self.data = number


class WholeField(IntegerField):
    """A whole number."""

    def process_formdata(self, valuelist):
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        self.data = None
        text = valuelist[0].strip()
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) < 10):
            raise ValidationError(f"{text[:20]!r} is not a whole number")
        self.data = int(text)
