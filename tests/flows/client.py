"""Clients of the flows: one raw connection, and many that ask numbered questions.

The raw one reads answers by its own few lines: what penstock's parser thinks must not matter here.

In:     an address.
Out:    answers, or a ConnectionError where the server went away.
"""

import collections
import dataclasses
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

PATIENCE_S: Final = 60.0
Address = tuple[str, int] | str


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """One response as it was received; `raw` is head and body with their framing."""

    status: int
    fields: dict[str, str]  # names in lower case
    body: bytes
    raw: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Client:
    """One connection.

    Args:
        address: where.
        receive_buffer: SO_RCVBUF, set before connecting; for clients that read slowly.

    Attributes:
        is_answering: whether an answer has begun and is not complete.
    """

    def __init__(self, address: Address, receive_buffer: int = 0) -> None:
        family = (
            socket.AF_UNIX
            if isinstance(address, str)
            else socket.AF_INET6
            if ":" in address[0]
            else socket.AF_INET
        )
        self.sock = socket.socket(family)
        self.sock.settimeout(PATIENCE_S)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.connect(address)
        self._buffer = b""
        self.is_answering = False

    def send(self, data: bytes) -> None:
        """Send all."""
        self.sock.sendall(data)

    def get(self, path: str, *lines: str, method: str = "GET") -> Answer:
        """Ask and return the answer."""
        self.send(request(path, *lines, method=method))
        return self.read_answer(has_body=method != "HEAD")

    def read_answer(self, *, has_body: bool = True) -> Answer:
        """Read one response.

        Raises:
            ConnectionError: the server closed before it was complete.
        """
        head = self._read_until(b"\r\n\r\n")
        status_line, *lines = head[:-4].decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(status_line.split(" ", 2)[1])
        if not has_body or status in (204, 304) or status < 200:
            body = raw = b""
        elif "content-length" in fields:
            body = raw = self.read_count(int(fields["content-length"]))
        elif fields.get("transfer-encoding") == "chunked":
            body, raw = self._read_chunks()
        else:
            body = raw = self.read_to_end()
        self.is_answering = False
        return Answer(status, fields, body, head + raw)

    def read_to_end(self) -> bytes:
        """Return all bytes until the server closes."""
        pieces = [self._buffer]
        self._buffer = b""
        while piece := self.sock.recv(1 << 18):
            pieces.append(piece)
        return b"".join(pieces)

    def reset(self) -> None:
        """Close so that the other end gets a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        """Close."""
        self.sock.close()

    def _receive(self) -> None:
        piece = self.sock.recv(1 << 18)
        if not piece:
            raise ConnectionError(f"the server closed after {self._buffer[:200]!r}")
        self._buffer += piece
        self.is_answering = True

    def _read_until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            self._receive()
        found, self._buffer = self._buffer[: end + len(mark)], self._buffer[end + len(mark) :]
        return found

    def read_count(self, count: int) -> bytes:
        """Return exactly that many bytes.

        Raises:
            ConnectionError: the server closed before.
        """
        pieces = [self._buffer]
        missing = count - len(self._buffer)
        while missing > 0:
            piece = self.sock.recv(1 << 18)
            if not piece:
                raise ConnectionError(f"the server closed {missing} bytes early")
            pieces.append(piece)
            missing -= len(piece)
        whole = b"".join(pieces)
        self._buffer = whole[count:]
        return whole[:count]

    def _read_chunks(self) -> tuple[bytes, bytes]:
        body, raw = [], []
        while True:
            line = self._read_until(b"\r\n")
            data = self.read_count(int(line, 16) + 2)
            assert data.endswith(b"\r\n")
            raw += [line, data]
            if line == b"0\r\n":
                return b"".join(body), b"".join(raw)
            body.append(data[:-2])


def request(path: str, *lines: str, method: str = "GET", body: bytes = b"", version: str = "1.1") -> bytes:
    """Return the bytes of one request."""
    head = [f"{method} {path} HTTP/{version}", "Host: flows.test", *lines]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body


# Many clients

BROWSER_LINES: Final = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.7",
    "Accept-Encoding: gzip, deflate",
    "Cookie: sessionid=0123456789abcdef",
)


class NumberAsker:
    """A connection that asks /n/NUMBER and checks every answer.

    Attributes:
        pids: how many answers came from each process.
    """

    def __init__(
        self, address: Address, lines: Callable[[int], Sequence[str]] = lambda _number: BROWSER_LINES
    ) -> None:
        self.client = Client(address)
        self.pids: collections.Counter[int] = collections.Counter()
        self._lines = lines
        self._answer_bytes = 0

    def ask(self, number: int) -> int:
        """Ask one number; return the pid that answered."""
        answer = self.client.get(f"/n/{number}", *self._lines(number))
        self._answer_bytes = len(answer.raw)  # every answer is as long as this one
        self._check(answer.raw, number)
        return int(answer.body[-8:])

    def ask_all(self, numbers: Sequence[int], depth: int = 16) -> None:
        """Ask many, `depth` requests at a time without waiting (pipelining); then close."""
        self.ask(numbers[0])
        for start in range(1, len(numbers), depth):
            batch = numbers[start : start + depth]
            self.client.send(b"".join(request(f"/n/{number}", *self._lines(number)) for number in batch))
            received = self.client.read_count(self._answer_bytes * len(batch))
            for place, number in enumerate(batch):
                self._check(received[place * self._answer_bytes :][: self._answer_bytes], number)
        self.client.close()

    def _check(self, answer: bytes, number: int) -> None:
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert answer[-18:-8] == b"%09d " % number, answer
        self.pids[int(answer[-8:])] += 1


def in_threads(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run the calls at once, each on its thread; return their results or raise the first error."""
    calls = list(calls)
    results: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            results[place] = call()
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            errors.append(error)

    threads = [threading.Thread(target=run, args=item, daemon=True) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def number_of(line: str) -> int:
    """Return the number that a request line of `ask_numbers` asked for."""
    match = re.fullmatch(r"GET /n/([0-9]+) HTTP/1\.1", line)
    assert match, line
    return int(match[1])
