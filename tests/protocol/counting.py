"""Counts how many functions, Python's and C's, a receiver calls for (message, bytes at a time), a line each.

A process of its own, because Python 3.11 has not come back from a profile function in a process that had run
thousands of other tests.
"""

import ast
import sys

from penstock.config import ProtocolConfig
from penstock.protocol import END_OF_MESSAGE, NEED_DATA, PEER_CLOSED, FieldTable, RequestHead, RequestReceiver


def hear(parts: list[bytes]) -> None:
    """Feed a receiver part by part, as one connection that then closes."""
    config = ProtocolConfig()
    receiver = RequestReceiver(config, FieldTable(config))
    for part in (*parts, b""):
        receiver.receive_data(part)
        while (event := receiver.next_event()) is not NEED_DATA:
            is_bodiless = isinstance(event, RequestHead) and event.content_length == 0
            if is_bodiless or event is END_OF_MESSAGE:
                receiver.next_request()
            if event is PEER_CLOSED:
                break


def count_calls(parts: list[bytes]) -> int:
    calls = 0

    def tally(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(tally)
    try:
        hear(parts)
    finally:
        sys.setprofile(None)
    return calls


if __name__ == "__main__":
    for line in sys.stdin:
        data, step = ast.literal_eval(line)
        print(count_calls([data[i : i + step] for i in range(0, len(data), step)]))
