"""`penstock routes`: which paths lead to which views, in the order in which they are tried.

In:     the project's URLconf.
Out:    a table for people, or JSON for programs.
Never:  calls a view.
Rules:  a name stands with its namespaces, as `reverse` takes it.
"""

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

from penstock.cli.error import CommandError
from penstock.cli.project.failure import describe_failure
from penstock.cli.project.site import set_up_site
from penstock.cli.text import columns

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


@dataclasses.dataclass(frozen=True, slots=True)
class ShownRoute:
    """A route as people read it."""

    path: str
    name: str
    view: str


def run_routes(arguments: "argparse.Namespace") -> int:
    """Print the routes of the project in this folder; CommandError if its URLconf cannot be read."""
    set_up_site(arguments.settings)
    from penstock.web.urls import get_resolver  # noqa: PLC0415 - see set_up_site

    try:
        routes = list(shown_routes(get_resolver()))
    except Exception as error:  # the project's modules may raise anything
        raise CommandError(f"cannot read the URLconf: {describe_failure(error)}") from error
    sys.stdout.write(render_json(routes) if arguments.json else render_table(routes))
    return 0


def shown_routes(resolver: Any) -> "Iterator[ShownRoute]":
    """Yield the routes below a resolver; an include that contains itself is followed once."""
    yield from _below(resolver, (), (), frozenset())


def _below(
    resolver: Any, texts: tuple[str, ...], namespaces: tuple[str, ...], above: frozenset[int]
) -> "Iterator[ShownRoute]":
    if id(resolver) in above:
        return
    from penstock.web.urls.match import join_route  # noqa: PLC0415 - see set_up_site

    for node in resolver.url_patterns:
        path = (*texts, str(node.pattern))
        if hasattr(node, "url_patterns"):
            inner = (*namespaces, node.namespace) if node.namespace else namespaces
            yield from _below(node, path, inner, above | {id(resolver)})
        else:
            name = ":".join((*namespaces, node.name)) if node.name else ""
            yield ShownRoute("/" + join_route(path).removeprefix("^"), name, node.lookup_str)


def render_table(routes: list[ShownRoute]) -> str:
    """Return the routes in columns."""
    return columns([("path", "name", "view"), *((each.path, each.name, each.view) for each in routes)])


def render_json(routes: list[ShownRoute]) -> str:
    """Return the routes as a JSON list of objects."""
    return json.dumps([dataclasses.asdict(each) for each in routes], indent=2) + "\n"
