"""The rules of a chart: each switched on or off, weighted, and edited.

In:     what came from the form.
Out:    `settings()`.

Rules:  what a rule may be set to is the statistics' to say (RuleSetting); its sentence stands at the rule.
"""

from wtforms import BooleanField, FieldList, Form, FormField, HiddenField
from wtforms.validators import InputRequired, NumberRange

from spc.forms.change import ChangeForm
from spc.forms.number import FiniteFloatField, WholeField
from spc.models import RuleSet
from spc.statistics import Rule, RuleSetting, RuleSettingError

_needed = InputRequired("Needed")
_SHORT = {"inputmode": "decimal", "size": 5}


class RuleForm(Form):
    """One rule."""

    rule = HiddenField()
    is_on = BooleanField("on")
    weight = FiniteFloatField("weight", [_needed, NumberRange(0, 100, "0 to 100")], render_kw=_SHORT)
    run = WholeField("points", [_needed, NumberRange(1, 100, "1 to 100")], render_kw=_SHORT)
    out_of = WholeField("out of", [_needed, NumberRange(1, 100, "1 to 100")], render_kw=_SHORT)
    sigmas = FiniteFloatField("sigmas", [_needed, NumberRange(0, 10, "0 to 10")], render_kw=_SHORT)

    def validate(self, extra_validators=None) -> bool:
        if not super().validate(extra_validators):
            return False
        try:
            self.setting()
        except (RuleSettingError, ValueError) as error:
            self.form_errors.append(str(error))
            return False
        return True

    def setting(self) -> RuleSetting:
        """Return what was entered.

        Raises:
            RuleSettingError: it cannot mean anything.
            ValueError: there is no such rule.
        """
        rule = Rule(self.rule.data)
        return RuleSetting(
            rule, self.is_on.data, self.weight.data, self.run.data, self.out_of.data, self.sigmas.data
        )


class RulesForm(ChangeForm):
    """All rules of a chart."""

    lines = FieldList(FormField(RuleForm), max_entries=len(Rule))

    def validate(self, extra_validators=None) -> bool:
        is_valid = super().validate(extra_validators)
        named = [line.rule.data for line in self.lines]
        if len(set(named)) != len(named) or not named:
            self.form_errors.append("each rule is expected once")
            return False
        return is_valid

    def settings(self) -> list[RuleSetting]:
        """Return what was entered, in order; after `validate()`."""
        return [line.form.setting() for line in self.lines]


def form_of(rules: RuleSet | None) -> RulesForm:
    """Return the form, filled in with a rule set."""
    lines = [
        {"rule": line.rule, "is_on": line.is_on, "weight": line.weight, "run": line.run,
         "out_of": line.out_of, "sigmas": line.sigmas}
        for line in (rules.lines if rules else ())
    ]  # fmt: skip
    return RulesForm(data={"lines": lines, "after": str(rules.number if rules else 0)})
