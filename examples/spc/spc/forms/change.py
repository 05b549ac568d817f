"""What every change of a chart says beside itself: what its author saw, and why.

In:     what came from the form.
Out:    `seen_number()`, `remark`.
"""

from wtforms import Form, HiddenField, StringField
from wtforms.validators import Length

from spc.forms.text import storable


class ChangeForm(Form):
    """A change; `after` is the version that its author saw."""

    after = HiddenField()
    remark = StringField("Remark", [Length(max=200, message="At most 200 characters"), storable])

    def show_again(self, error: Exception, number: int) -> None:
        """Say that others are in force by now; who has seen that, and sends it again, means it."""
        self.form_errors.append(f"Not saved: {error}. Look below at what was changed, and decide again.")
        self.after.data = str(number)

    def seen_number(self) -> int:
        """Return the version that its author saw; 0 for what is not one."""
        text = self.after.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
