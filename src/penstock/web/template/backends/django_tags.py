"""What of Django's language nearly every template has, for Jinja2.

    {% load ... %}                      nothing: there are no libraries
    {% csrf_token %}                    the hidden field of a form
    {% url "name" arg key=value %}      the address of a route; `as variable` keeps it
    {% static "path" %}                 the address of a static file; `as variable` keeps it
    {% comment %} ... {% endcomment %}  nothing
    {% autoescape on %}                 true or false; to Jinja2 both are names without a value
    {% with a=1 b=2 %}                  commas between them
    {% for %} ... {% empty %}           {% else %}
    {{ forloop.counter }}               {{ loop.index }}, and so on
    {{ block.super }}                   {{ super() }}

The last five are translated token by token, so lines stay what they are. Without that three of them would be
no errors in Jinja2 but quietly something else: escaping would be off where the template says on.

In:     the tokens of a template.
Out:    nodes of Jinja2.
Never:  a filter: `|date:"Y"` is written `|date("Y")` in Jinja2, and is a syntax error here.
Rules:  Django's syntax of these tags; what has no word in Jinja2 (`forloop.parentloop`) is a syntax error.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import Token, describe_token

if TYPE_CHECKING:
    from jinja2.lexer import TokenStream
    from jinja2.parser import Parser

_SWITCHES: Final[Mapping[str, str]] = MappingProxyType({"on": "true", "off": "false"})
_IN_A_CALL: Final = ("comma", "lparen")  # what stands before a keyword of a call
_OF_A_LOOP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "counter": "index",
        "counter0": "index0",
        "revcounter": "revindex",
        "revcounter0": "revindex0",
        "first": "first",
        "last": "last",
        "length": "length",
    }
)


class DjangoTags(Extension):
    """The tags."""

    tags = {"load", "csrf_token", "url", "static", "comment"}  # noqa: RUF012 - as Jinja2 declares it

    def filter_stream(self, stream: "TokenStream") -> Iterator[Token]:
        """Yield the tokens with Jinja2's words for Django's.

        Raises:
            TemplateSyntaxError: a loop is asked for what Jinja2's loops do not know, or a comment has no end.
        """
        before = ""
        set_count: int | None = None  # names that this {% with %} has set so far
        while stream:
            token = next(stream)
            if token.type == "name" and before != "dot":
                if set_count is not None and stream.current.type == "assign" and before not in _IN_A_CALL:
                    if set_count:
                        yield Token(token.lineno, "comma", ",")
                    set_count += 1
                begins_tag = before == "block_begin"
                yield from _translated(token, stream, begins_tag=begins_tag)
                if begins_tag:
                    set_count = 0 if token.value == "with" else None
            else:
                yield token
            before = token.type

    def parse(self, parser: "Parser") -> nodes.Node | list[nodes.Node]:
        """Return what one of the tags stands for."""
        tag = next(parser.stream)
        if tag.value in ("load", "comment"):
            return self._nothing(parser)
        if tag.value == "csrf_token":
            return _shown(nodes.Name("csrf_input", "load"), tag.lineno)
        return self._address(parser, tag.value, tag.lineno)

    @staticmethod
    def _nothing(parser: "Parser") -> list[nodes.Node]:
        while parser.stream.current.type != "block_end":
            next(parser.stream)
        return []

    @staticmethod
    def _address(parser: "Parser", function: str, lineno: int) -> nodes.Node:
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


def _translated(token: Token, stream: "TokenStream", *, begins_tag: bool) -> Iterator[Token]:
    """Yield what a name stands for, with as much of what follows as belongs to it."""
    following = stream.current
    if begins_tag and token.value == "comment":
        _skip_comment(token, stream)
        yield token
    elif begins_tag and token.value == "empty":
        yield Token(token.lineno, "name", "else")
    elif begins_tag and token.value == "autoescape" and following.value in _SWITCHES:
        yield token
        yield Token(next(stream).lineno, "name", _SWITCHES[following.value])
    elif token.value == "forloop":
        yield Token(token.lineno, "name", "loop")
        yield from _of_a_loop(token, stream)
    elif token.value == "block" and following.type == "dot" and stream.look().value == "super":
        next(stream)
        next(stream)
        yield Token(token.lineno, "name", "super")
        yield Token(token.lineno, "lparen", "(")
        yield Token(token.lineno, "rparen", ")")
    else:
        yield token


def _skip_comment(comment: Token, stream: "TokenStream") -> None:
    """Pass over what a comment holds, which need not be right, and its end."""
    before = ""
    while stream:
        token = next(stream)
        if before == "block_begin" and token.value == "endcomment":
            return
        before = token.type
    msg = "{% comment %} without an end; expected {% endcomment %}"
    raise TemplateSyntaxError(msg, comment.lineno, stream.name, stream.filename)


def _of_a_loop(loop: Token, stream: "TokenStream") -> Iterator[Token]:
    attribute = stream.look().value if stream.current.type == "dot" else ""
    if attribute not in _OF_A_LOOP:
        known = ", ".join(_OF_A_LOOP)
        msg = f"'forloop.{attribute}' has no counterpart in Jinja2; expected forloop. and one of {known}"
        raise TemplateSyntaxError(msg, loop.lineno, stream.name, stream.filename)
    yield next(stream)
    yield Token(next(stream).lineno, "name", _OF_A_LOOP[attribute])


def _argument(parser: "Parser") -> nodes.Expr:
    """Return one argument: a literal, or a name with its attributes."""
    if parser.stream.current.type not in ("name", "string", "integer", "float"):
        found = describe_token(parser.stream.current)
        parser.fail(f"argument {found}; expected a literal or a name", parser.stream.current.lineno)
    return parser.parse_unary(with_filter=True)


def _shown(expression: nodes.Expr, lineno: int) -> nodes.Node:
    return nodes.Output([expression], lineno=lineno)
