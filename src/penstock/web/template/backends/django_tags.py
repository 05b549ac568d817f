"""Five tags of Django's language that nearly every template has, for Jinja2.

    {% load ... %}                      nothing: there are no libraries
    {% csrf_token %}                    the hidden field of a form
    {% url "name" arg key=value %}      the address of a route; `as variable` keeps it
    {% static "path" %}                 the address of a static file; `as variable` keeps it
    {% comment %} ... {% endcomment %}  nothing

In:     the tokens of a template.
Out:    nodes of Jinja2.
Never:  a filter: `|date:"Y"` is written `|date("Y")` in Jinja2, and is a syntax error here.
Rules:  Django's syntax of these tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import describe_token

if TYPE_CHECKING:
    from jinja2.parser import Parser


class DjangoTags(Extension):
    """The tags."""

    tags = {"load", "csrf_token", "url", "static", "comment"}  # noqa: RUF012 - as Jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Return what one of the tags stands for."""
        tag = next(parser.stream)
        if tag.value in ("load", "comment"):
            return self._nothing(parser, tag.value)
        if tag.value == "csrf_token":
            return _shown(nodes.Name("csrf_input", "load"), tag.lineno)
        return self._address(parser, tag.value, tag.lineno)

    @staticmethod
    def _nothing(parser: Parser, tag: str) -> list[nodes.Node]:
        while parser.stream.current.type != "block_end":
            next(parser.stream)
        if tag == "comment":
            parser.parse_statements(("name:endcomment",), drop_needle=True)
        return []

    @staticmethod
    def _address(parser: Parser, function: str, lineno: int) -> nodes.Node:
        """Return a call of `url` or `static` with the tag's arguments, which no commas divide."""
        arguments: list[Any] = []
        keywords: list[nodes.Keyword] = []
        target: str | None = None
        while parser.stream.current.type != "block_end":
            if parser.stream.skip_if("name:as"):
                target = parser.stream.expect("name").value
                break
            if parser.stream.current.type == "name" and parser.stream.look().type == "assign":
                name = next(parser.stream).value
                next(parser.stream)
                keywords.append(nodes.Keyword(name, _argument(parser), lineno=lineno))
            else:
                arguments.append(_argument(parser))
        call = nodes.Call(nodes.Name(function, "load"), arguments, keywords, None, None, lineno=lineno)
        if target is None:
            return _shown(call, lineno)
        return nodes.Assign(nodes.Name(target, "store"), call, lineno=lineno)


def _argument(parser: Parser) -> nodes.Expr:
    """Return one argument: a literal, or a name with its attributes."""
    if parser.stream.current.type not in ("name", "string", "integer", "float"):
        found = describe_token(parser.stream.current)
        parser.fail(f"argument {found}; expected a literal or a name", parser.stream.current.lineno)
    return parser.parse_unary(with_filter=True)


def _shown(expression: nodes.Expr, lineno: int) -> nodes.Node:
    return nodes.Output([expression], lineno=lineno)
