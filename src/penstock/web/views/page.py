"""The look of the pages for developers: what went wrong, where, and what was known there.

One file each: no script, font or picture from elsewhere, so that a page that was saved or mailed is whole.

In:     what report.py has collected.
Out:    HTML.
Never:  puts a value on the page that is not escaped, or asks the request for anything.
Rules:  without Jinja2: the page must also come when a template engine is what is broken.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from penstock.web.utils.html import escape
from penstock.web.views.frames import value_text

if TYPE_CHECKING:
    from penstock.web.views.frames import Frame, Line, Raised

_STYLE: Final = Path(__file__).parent / "templates" / "technical.css"

_SHELL: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def shell(title: str, body: str) -> str:
    """Return a whole page."""
    return _SHELL.format(title=escape(title), style=_STYLE.read_text(encoding="utf-8"), body=body)


def header(
    kicker: str, heading: str, message: str, place: str = "", links: Mapping[str, str] | None = None
) -> str:
    """Return the top of a page: what happened, said so that it can be read across a room."""
    anchors = [f'<a href="#{anchor}">{escape(text)}</a>' for anchor, text in (links or {}).items()]
    return (
        f"<header><div>\n<p>{escape(kicker)}</p>\n<h1>{escape(heading)}</h1>\n"
        f'<p class="message">{escape(message)}</p>\n<p>{escape(place)}</p>\n'
        f"<nav>{''.join(anchors)}</nav>\n</div></header>"
    )


def table(rows: Iterable[tuple[str, str]], nothing: str = "nothing") -> str:
    """Return names and texts as a table."""
    shown = "\n".join(_row(name, text) for name, text in rows) or _row(nothing, "")
    return f"<table>{shown}</table>"


def _row(name: str, text: str) -> str:
    return f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>"


def card(heading: str, rows: Iterable[tuple[str, Any]], nothing: str = "nothing") -> str:
    """Return names and values, as Python writes them, with a heading."""
    texts = ((name, value_text(value)) for name, value in rows)
    return f'<h3>{escape(heading)}</h3>\n<section class="card">{table(texts, nothing)}</section>'


def exceptions(chain: Iterable["Raised"]) -> str:
    """Return all exceptions, the first cause first, each with its frames."""
    several = list(chain)
    if not several:
        return "<p>There is no traceback.</p>"
    parts: list[str] = []
    for raised in several:
        if raised.link and len(several) > 1:
            parts.append(f'<p class="link">{escape(raised.link)}:</p>')
        if len(several) > 1:
            parts.append(f"<h3>{escape(type(raised.error).__name__)}: {escape(str(raised.error))}</h3>")
        is_last = raised is several[-1]
        last = len(raised.frames) - 1
        parts += [frame(each, is_open=is_last and place == last) for place, each in enumerate(raised.frames)]
        if not raised.frames:
            parts.append("<p>The exception came without a traceback.</p>")
    return "\n".join(parts)


def frame(each: "Frame", *, is_open: bool) -> str:
    """Return one place on the way: open if it is the last, or the site's own code."""
    kind = "own" if each.is_own else "foreign"
    shown_open = " open" if is_open or each.is_own else ""
    variables = (
        f'<details class="inner"{" open" if is_open else ""}>'
        f"<summary>Variables ({len(each.variables)})</summary>"
        f'<div class="scroll">{table(each.variables)}</div></details>'
    )
    return (
        f'<details class="frame {kind}"{shown_open}><summary><b>{escape(each.function)}</b> '
        f'<span class="place">{escape(each.filename)}:{each.lineno}</span></summary>\n'
        f'<div class="source">{"".join(line(text) for text in each.lines)}</div>\n{variables}</details>'
    )


def line(each: "Line") -> str:
    """Return a line of source; what ran of it is marked."""
    if each.marked is None:
        text = escape(each.text)
    else:
        start, end = each.marked
        before, now, after = each.text[:start], each.text[start:end], each.text[end:]
        text = f"{escape(before)}<mark>{escape(now)}</mark>{escape(after)}"
    return f'<span class="{"now" if each.is_current else "near"}"><i>{each.number}</i>{text}\n</span>'
