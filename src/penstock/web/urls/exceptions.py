"""What can go wrong between a path and a view: nothing answers to the path, or no path leads to the view.

In:     the place that noticed.
Out:    an exception.
Never:  decides on an answer; the handler turns `Resolver404` into handler404.
"""

from penstock.web.http import Http404


class Resolver404(Http404):
    """No route answers to the path.

    `args[0]` is a mapping: `path`, what was left of the path below the root, and `tried`, a list of the
    chains of patterns that were held against it.
    """


class NoReverseMatch(Exception):
    """No route of that name takes these arguments; the message lists the patterns that bear the name."""

    silent_variable_failure = True
