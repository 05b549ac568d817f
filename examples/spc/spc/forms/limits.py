"""The limits of a chart: its kind, where its lines come from, its specification, what makes an alarm.

Out:    `setting()`.

Rules:  the statistics refuse what makes no sense; here only what can be said at a field is.
"""

from wtforms import RadioField, SelectField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, NumberRange, ValidationError

from spc.forms.change import ChangeForm
from spc.forms.number import FiniteFloatField, WholeField
from spc.judgement import OF_COUNTS, kinds_for
from spc.limits import LimitSetting
from spc.models import Chart
from spc.statistics import ChartKind

BASELINE, ENTERED = "baseline", "entered"


class LimitsForm(ChangeForm):
    """What an engineer says about a chart."""

    kind = SelectField("Kind")
    alarm_weight = FiniteFloatField(
        "Weight of an alarm", [InputRequired("Needed"), NumberRange(0.01, 100, "0.01 to 100")]
    )
    source = RadioField(
        "Limits come from",
        choices=[SelectChoice(BASELINE, "a baseline"), SelectChoice(ENTERED, "what is entered")],
    )
    baseline_first = WholeField(
        "First subgroup of the baseline", [InputRequired("Needed"), NumberRange(0, message="0 or more")]
    )
    baseline_count = WholeField(
        "Subgroups of the baseline", [InputRequired("Needed"), NumberRange(2, message="2 or more")]
    )
    centre = FiniteFloatField("Centre")
    sigma = FiniteFloatField("Sigma")
    lower_spec = FiniteFloatField("Lower specification limit")
    upper_spec = FiniteFloatField("Upper specification limit")

    def validate_centre(self, field):
        if self.source.data == ENTERED and field.data is None:
            raise ValidationError("Needed where the limits are entered")
        if (
            field.data is not None
            and self.kind.data in {ChartKind.P, ChartKind.NP}
            and not 0 <= field.data <= 1
        ):
            raise ValidationError(f"{field.data:g} is not a proportion; expected 0 to 1")
        if field.data is not None and self.kind.data in OF_COUNTS and field.data < 0:
            raise ValidationError(f"{field.data:g} is not a rate; expected 0 or more")

    def validate_sigma(self, field):
        is_needed = self.source.data == ENTERED and self.kind.data not in OF_COUNTS
        if is_needed and field.data is None:
            raise ValidationError("Needed where the limits of measurements are entered")
        if field.data is not None and field.data <= 0:
            raise ValidationError(f"{field.data:g} is no standard deviation; expected a number above 0")

    def validate_upper_spec(self, field):
        lower = self.lower_spec.data
        if field.data is not None and lower is not None and field.data <= lower:
            raise ValidationError(f"{field.data:g} is not above the lower limit {lower:g}")

    def setting(self) -> LimitSetting:
        """Return what was entered; after `validate()`."""
        is_entered = self.source.data == ENTERED
        return LimitSetting(
            kind=ChartKind(self.kind.data),
            alarm_weight=self.alarm_weight.data,
            baseline_first=self.baseline_first.data,
            baseline_count=self.baseline_count.data,
            centre=self.centre.data if is_entered else None,
            sigma=self.sigma.data if is_entered else None,
            lower_spec=self.lower_spec.data,
            upper_spec=self.upper_spec.data,
        )


def limits_form(chart: Chart, number: int, entered=None) -> LimitsForm:
    """Return the form of a chart whose limits have that number, with what was entered in place of them."""
    source = ENTERED if chart.has_entered_limits else BASELINE
    form = LimitsForm(entered, obj=chart, source=source, after=str(number))
    form.kind.choices = [SelectChoice(str(kind), kind.label) for kind in kinds_for(chart.parameter)]
    return form
