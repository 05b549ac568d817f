"""Run tests/vectors/: raw bytes beside the expected result (the format is in its README)."""

import dataclasses
import pathlib
import re
from collections.abc import Iterator

import pytest

from penstock.config import ProtocolConfig
from penstock.protocol import RequestHead

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
SUCCESSOR = b"GET /successor HTTP/1.1\r\nHost: successor\r\n\r\n"
REPEAT = re.compile(rb"\{(\d+)\*([^}]+)\}")


@dataclasses.dataclass
class Vector:
    name: str
    options: dict[str, int] = dataclasses.field(default_factory=dict)
    raw: bytes = b""
    expected: list[str] = dataclasses.field(default_factory=list)

    @property
    def config(self) -> ProtocolConfig:
        return ProtocolConfig(**self.options)

    @property
    def is_cut(self) -> bool:
        return "Truncated" in self.expected[-1]


def read_bytes(text: str) -> bytes:
    raw = text.encode("ascii").decode("unicode_escape").encode("latin-1")
    return REPEAT.sub(lambda match: int(match[1]) * match[2], raw)


def read_vectors(path: pathlib.Path) -> Iterator[Vector]:
    vector = Vector("")
    for number, line in enumerate(path.read_text("ascii").split("\n"), 1):
        mark, _, rest = line.partition(" ")
        if mark == "==":
            vector = Vector(rest)
            yield vector
        elif mark == ">":
            vector.raw += read_bytes(rest)
        elif mark == "<":
            vector.expected.append(read_bytes(rest).decode("latin-1"))
        elif mark == "option":
            name, _, value = rest.partition("=")
            vector.options[name] = int(value)
        elif mark not in ("", "--"):
            msg = f"{path.name}:{number}: {line!r}; expected ==, --, option, > or <"
            raise ValueError(msg)


def vectors() -> list[object]:
    return [
        pytest.param(vector, id=f"{path.stem}: {vector.name}")
        for path in sorted(VECTORS.glob("*.txt"))
        for vector in list(read_vectors(path))
    ]


def describe_head(head: RequestHead) -> str:
    flags = {
        "HTTP/1.0": head.version == "HTTP/1.0",
        f"query={head.query}": head.query,
        f"authority={head.authority}": head.authority,
        f"scheme={head.scheme}": head.scheme,
        "chunked": head.chunked,
        f"length={head.content_length}": head.content_length,
        "close": not head.keep_alive,
        "continue": head.expects_continue,
        "forwarding": head.has_forwarding,
    }
    return " ".join([head.method, head.path, *sorted(flag for flag, is_set in flags.items() if is_set)])


def describe(heard, expected: list[str]) -> list[str]:
    """Say what was heard in the words of the vector; fields only where the vector asks for them."""
    asked: list[list[str]] = []
    for line in expected:
        if line.startswith("request "):
            asked.append([])
        elif line.startswith(("field ", "absent ")):
            asked[-1].append(line)
    out = []
    for index, (head, body, is_whole) in enumerate(heard.requests):
        out.append("request " + describe_head(head))
        for line in asked[index] if index < len(asked) else []:
            name = line.split(" ")[1]
            is_there = name in head.fields
            out.append(f"field {name} {head.fields[name]}" if is_there else f"absent {name}")
        if head.content_length != 0 and is_whole:
            out.append(f"body {body.decode('latin-1')}")
    if heard.error is not None:
        is_any = expected[-1].endswith(" *")
        out.append(f"refused {heard.error.status} {'*' if is_any else type(heard.error).__name__}")
    elif heard.is_closed:
        out.append("closed")
    return out


def tidy(expected: list[str]) -> list[str]:
    """Put the flags of each request in order, so that a vector may name them in any."""
    out = []
    for line in expected:
        words = line.split(" ")
        is_request = words[0] == "request"
        out.append(" ".join(words[:3] + sorted(words[3:])) if is_request else line)
    return out


@pytest.mark.parametrize("vector", vectors())
def test_vector_in_one_read_means_what_it_says(vector, hear) -> None:
    heard = hear([vector.raw], vector.config)
    assert describe(heard, vector.expected) == tidy(vector.expected)


@pytest.mark.parametrize("vector", vectors())
def test_vector_one_byte_at_a_time_means_the_same(vector, hear) -> None:
    whole = hear([vector.raw], vector.config)
    bytewise = hear([vector.raw[i : i + 1] for i in range(len(vector.raw))], vector.config)
    assert bytewise.summary == whole.summary


@pytest.mark.parametrize("vector", [v for v in vectors() if len(v.values[0].raw) < 600])
def test_vector_cut_in_two_anywhere_means_the_same(vector, hear) -> None:
    whole = hear([vector.raw], vector.config).summary
    for cut in range(1, len(vector.raw)):
        assert hear([vector.raw[:cut], vector.raw[cut:]], vector.config).summary == whole, cut


@pytest.mark.parametrize("vector", [v for v in vectors() if not v.values[0].is_cut])
def test_request_behind_a_vector_is_found_only_after_a_sound_message(vector, hear) -> None:
    heard = hear([vector.raw + SUCCESSOR], vector.config)
    expected = tidy(vector.expected)
    if expected[-1] == "closed":
        expected[-1:] = ["request GET /successor", "closed"]
    assert describe(heard, vector.expected) == expected


@pytest.mark.parametrize("vector", [v for v in vectors() if not v.values[0].is_cut])
def test_vector_with_remembered_lines_means_the_same(vector, hear, tables) -> None:
    table = tables(vector.config)
    first = hear([vector.raw], vector.config, table)
    again = hear([vector.raw], vector.config, table)
    assert again.summary == first.summary


def test_every_file_of_vectors_is_read() -> None:
    assert {path.suffix for path in VECTORS.iterdir()} == {".txt", ".md"}
    assert all(vector.values[0].expected for vector in vectors())
