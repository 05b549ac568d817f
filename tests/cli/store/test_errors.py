import json

import pytest

from penstock.agent.errors import Change, Example
from penstock.agent.errors.stack import Origin
from penstock.agent.store import FaultRow
from penstock.agent.store.rows import write_anchor, write_changes
from penstock.agent.store.schema import open_for_writing
from penstock.agent.store.timeline import Clocks, Timeline
from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.store.errors import render_group, render_json, render_table, run_errors
from penstock.config import ConfigError

NOON_S = 1_800_000_000.0
EXAMPLE = Example(
    message="pay failed\nwith \x1b[2J",
    trace="Traceback (most recent call last):\n  ...\nshop.Refused: 51",
    logger="shop.orders",
    pid=4121,
    slot=2,
    thread_name="penstock-3",
    request_id="r-17",
    request_line="POST /pay HTTP/1.1",
)


def group(**changes) -> FaultRow:
    values = {"id": "e808c51994", "application": "shop.wsgi", "kind": "shop.Refused", "count": 12}
    values |= {
        "place": "shop/views.py:pay:12",
        "first_s": NOON_S - 7500,
        "last_s": NOON_S - 4,
        "example": EXAMPLE,
    }
    return FaultRow(**values | changes)


@pytest.fixture
def store(tmp_path) -> str:
    """A store with two groups, one of them of yesterday."""
    path = tmp_path / "store.db"
    connection = open_for_writing(path)
    timeline = Timeline(None, Clocks.of_this_machine())
    for number, age_s in enumerate((10.0, 86400.0)):
        change = Change(
            id=f"{number}a", application="shop", origin=Origin("KeyError", "a.py", "f", 1), count=1,
            first_s=timeline.now() - age_s, last_s=timeline.now() - age_s, example=EXAMPLE,
        )  # fmt: skip
        write_changes(connection, [change], 0.0)
    write_anchor(connection, timeline.anchor())
    connection.close()
    return str(path)


def run(capsys, *words: str) -> str:
    assert run_errors(parse_words(["errors", *words])) == 0
    return capsys.readouterr().out


def test_groups_are_a_line_each() -> None:
    assert render_table([group(), group(id="1", count=7, kind="x\x1b")], lambda: NOON_S).splitlines() == [
        "id          count  last        first          type          where",
        "e808c51994     12  4.00 s ago  2 h 5 min ago  shop.Refused  shop/views.py:pay:12",
        "1               7  4.00 s ago  2 h 5 min ago  x\\x1b         shop/views.py:pay:12",
    ]


def test_no_groups_are_said() -> None:
    assert render_table([]) == "no errors\n"


def test_a_group_is_shown_with_its_example_as_far_as_it_is_known() -> None:
    lines = render_group(group(), lambda: NOON_S).splitlines()
    assert lines[0] == "shop.Refused in shop/views.py:pay:12, shop.wsgi"
    assert lines[1] == "  count    12"
    assert lines[2].endswith("  2 h 5 min ago")
    assert lines[4:] == [
        "  request  POST /pay HTTP/1.1",
        "  id       r-17",
        "  worker   2, pid 4121, thread penstock-3",
        "  logger   shop.orders",
        "  message  pay failed",
        "           with \\x1b[2J",
        "",
        "Traceback (most recent call last):",
        "  ...",
        "shop.Refused: 51",
    ]


def test_json_has_every_field() -> None:
    (found,) = json.loads(render_json([group()]))
    assert (found["id"], found["example"]["request_line"]) == ("e808c51994", "POST /pay HTTP/1.1")


def test_the_command_lists_shows_and_selects(store, capsys) -> None:
    assert [line.split()[0] for line in run(capsys, "--store", store).splitlines()] == ["id", "0a", "1a"]
    assert [row["id"] for row in json.loads(run(capsys, "--store", store, "--since", "2h", "--json"))] == [
        "0a"
    ]
    assert run(capsys, "show", "1", "--store", store).startswith("KeyError in a.py:f:1")
    assert json.loads(run(capsys, "show", "1", "--json", "--store", store))[0]["id"] == "1a"


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        pytest.param(("show", "x"), CommandError, "found none", id="unknown-group"),
        pytest.param(("show", ""), CommandError, "found 0a, 1a", id="two-groups"),
        pytest.param(("show",), ConfigError, "expected nothing, or show ID", id="no-id"),
        pytest.param(("delete", "0a"), ConfigError, "expected nothing, or show ID", id="unknown-word"),
        pytest.param(("--since", "soon"), ConfigError, "expected", id="unknown-moment"),
    ],
)
def test_what_cannot_be_shown_is_said(store, words, error, message) -> None:
    with pytest.raises(error, match=message):
        run_errors(parse_words(["errors", *words, "--store", store]))
