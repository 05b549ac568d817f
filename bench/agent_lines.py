"""What an access record costs the agent in each form: `python -m bench.agent_lines [RECORDS]`.

In one process: a worker's recorder fills a ring with requests as a browser sends them (50 users, other paths
and referers), the agent's drain empties it into a file. Only the drain's CPU is counted, and each form has
five turns, of which the median counts.
"""

import os
import statistics
import sys
import tempfile
import time
import types
from pathlib import Path

from penstock.agent.crew import Crew
from penstock.agent.tenant import Tenant
from penstock.config.agent import AgentConfig
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.records.record import Outcome
from penstock.telemetry.traces.trace import RequestTrace
from penstock.telemetry.writing.recorder import Recorder

OWN = (
    '{peer} [{time_iso}] "{request}" {status} {sent_bytes} "{user_agent}" {request_id} {total_ms} {queue_ms}'
)
OWN_JSON = (
    '{{"t":"{time_utc}","ip":"{peer}","m":"{method}","p":"{path}","q":"{query}","s":{status},"b":{sent_bytes},'
    '"ua":"{user_agent}","id":"{request_id}","ms":{total_ms}}}'
)
FORMS = {
    "text": {"access_log_format": "text"},
    "json": {"access_log_format": "json"},
    "common": {"access_log_format": "common"},
    "combined": {"access_log_format": "combined"},
    "own text": {"access_log_format": OWN},
    "own JSON": {"access_log_format": OWN_JSON},
    "text, no query": {"log_query": False},
    "text, rotated": {"log_rotate_bytes": 4 << 20, "log_compress": "off"},
    "text, off": {"access_log": "off"},
}
BATCH = 2000
TURNS = 5
US = 1000


def request(number: int) -> types.SimpleNamespace:
    """One request of many users."""
    now_ns = time.monotonic_ns()
    user = number % 50
    return types.SimpleNamespace(
        first_byte_ns=now_ns - 900 * US - number % 977 * US,
        head_ns=now_ns - 890 * US,
        body_ns=now_ns - 890 * US,
        start_ns=now_ns - 880 * US,
        response_ns=now_ns - 30 * US,
        end_ns=now_ns - 20 * US,
        last_byte_ns=now_ns,
        received_bytes=0,
        sent_bytes=1234 + number % 100,
        status_code=200,
        thread=1,
        lane=0,
        trace=RequestTrace(),
        outcome=Outcome.COMPLETE,
        peer=f"192.0.2.{user}",
        request_id=f"{number:010x}-0000001",
        line=b"GET /shop/article/%d?page=%d HTTP/1.1" % (number % 300, number % 7),
        environ={
            "HTTP_REFERER": f"https://shop.example.com/list/{number % 40}",
            "HTTP_USER_AGENT": f"Mozilla/5.0 (X11; Linux x86_64; rv:1{user}.0) Gecko/20100101 Firefox/{user}",
        },
    )


def turn_us(options: dict[str, object], records: int, folder: Path) -> float:
    """CPU of the agent a record, in microseconds."""
    segment = Segment.create(slots=2, threads=2, ring_bytes=4 << 20)
    recorder = Recorder(segment, 1, wait=lambda _: None)
    recorder.reset(os.getpid(), 1)
    files = {"access_log": str(folder / "access.log"), "error_log": str(folder / "error.log")}
    tenant = Tenant(segment, AgentConfig(**files | options), Crew())
    requests = [request(number) for number in range(BATCH)]
    spent_ns = 0
    for _ in range(records // BATCH):
        for each in requests:
            recorder.access(each)
        began_ns = time.process_time_ns()
        while tenant.step():
            pass
        spent_ns += time.process_time_ns() - began_ns
    tenant.close()
    return spent_ns / (records // BATCH * BATCH) / 1000


def main() -> None:
    """Print one line a form."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for name, options in FORMS.items():
        turns = []
        for _ in range(TURNS):
            with tempfile.TemporaryDirectory() as folder:
                turns.append(turn_us(options, records, Path(folder)))
        print(f"{name:16} {statistics.median(turns):5.2f} us a record ({min(turns):.2f} to {max(turns):.2f})")


if __name__ == "__main__":
    main()
