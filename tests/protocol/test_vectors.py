"""Run tests/vectors/: raw bytes beside the expected result (the format is described in its README)."""

from penstock.protocol import RequestHead

SUCCESSOR = b"GET /successor HTTP/1.1\r\nHost: successor\r\n\r\n"


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


def test_vector_in_one_read_means_what_it_says(vector, hear) -> None:
    heard = hear([vector.raw], vector.config)
    assert describe(heard, vector.expected) == tidy(vector.expected)


def test_vector_one_byte_at_a_time_means_the_same(vector, hear) -> None:
    whole = hear([vector.raw], vector.config)
    bytewise = hear([vector.raw[i : i + 1] for i in range(len(vector.raw))], vector.config)
    assert bytewise.summary == whole.summary


def test_vector_cut_in_two_anywhere_means_the_same(short_vector, hear) -> None:
    vector = short_vector
    whole = hear([vector.raw], vector.config).summary
    for cut in range(1, len(vector.raw)):
        assert hear([vector.raw[:cut], vector.raw[cut:]], vector.config).summary == whole, cut


def test_request_behind_a_vector_is_found_only_after_a_sound_message(whole_vector, hear) -> None:
    vector = whole_vector
    heard = hear([vector.raw + SUCCESSOR], vector.config)
    expected = tidy(vector.expected)
    if expected[-1] == "closed":
        expected[-1:] = ["request GET /successor", "closed"]
    assert describe(heard, vector.expected) == expected


def test_vector_with_remembered_lines_means_the_same(vector, hear, tables) -> None:
    table = tables(vector.config)
    first = hear([vector.raw], vector.config, table)
    again = hear([vector.raw], vector.config, table)
    assert again.summary == first.summary


def test_every_vector_expects_something(vectors) -> None:
    assert [vector.name for vector in vectors if not vector.expected] == []


def test_no_two_vectors_have_the_same_name(vectors) -> None:
    names = [vector.name for vector in vectors]
    assert sorted({name for name in names if names.count(name) > 1}) == []
