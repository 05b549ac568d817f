"""Alarms: acknowledging one, and which of them to list."""

from wtforms import Form, HiddenField, SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from spc.forms.text import storable
from spc.models import Tool


class AcknowledgeForm(Form):
    """A note says what the cause was and what was done: without one the next shift knows nothing."""

    note = TextAreaField(
        "Note",
        [
            DataRequired("Say what the cause was, or that none was found"),
            Length(max=1000, message="At most 1000 characters"),
            storable,
        ],
        render_kw={"rows": 4},
    )


class AlarmFilterForm(Form):
    """Which alarms are listed; what is not among the choices counts as the first of them."""

    state = SelectField("State", choices=[SelectChoice(state) for state in ("open", "acknowledged", "all")])
    tool = SelectField("Tool")
    chart = HiddenField()

    def offer(self, tools: list[Tool]) -> None:
        """Offer these tools, and replace what is not offered."""
        self.tool.choices = [
            SelectChoice("", "all tools"),
            *(SelectChoice(str(tool.id), tool.name) for tool in tools),
        ]
        for field in (self.state, self.tool):
            offered = [choice.value for choice in field.choices]
            field.data = field.data if field.data in offered else offered[0]
        chart = self.chart.data or ""
        is_number = chart.isascii() and chart.isdigit() and len(chart) <= 9
        self.chart.data = chart if is_number else ""
