"""Error tracking on the spot: exceptions from the log, grouped by what they are and where they arose."""

from penstock.agent.errors.group import Change, Example, Group
from penstock.agent.errors.tracker import ErrorTracker

__all__ = ["Change", "ErrorTracker", "Example", "Group"]
