"""What the statistics refuse, by whose fault it is.

    StatisticsError             catch this one: its message is for the person who entered the figures
    |- ObservationError         the measurements or counts
    |- LimitError               the baseline, or limits that were entered
    |- RuleSettingError         a rule of the chart
    `- SpecificationError       specification limits or target of a capability study

Never:  raised for a missing value (NaN): that is part of the measurements' business, see observations.py.
"""


class StatisticsError(ValueError):
    """Figures from which nothing true can be computed."""


class ObservationError(StatisticsError):
    """Measurements or counts of the wrong shape, infinite, negative, or more than were inspected."""


class LimitError(StatisticsError):
    """A baseline without enough in it, limits in the wrong order, or both at once."""


class RuleSettingError(StatisticsError):
    """A rule set to what it cannot mean, or set twice."""


class SpecificationError(StatisticsError):
    """Specification limits that are missing or in the wrong order."""
