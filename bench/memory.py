"""Memory of 8 workers that share one import, beside 8 that import each for itself.

usage: python bench/memory.py [WORKERS [REQUESTS]]       with a Python that has requirements/memory.txt

The figure is PSS (smaps_rollup, proc(5)): a page that n processes share counts 1/n in each, so the sum over a
tree is what the tree costs.  Both trees serve the same requests first: it is the requests that unshare pages,
because Python counts references inside of objects.

What stays unshared, of 8.4 MB (3.13) to 10.0 MB (3.11) a worker after 10,000 requests: about half is what the
application makes at its first request (regular expressions, translations, compiled queries: an application
that does this while it is imported shares it); the rest are reference counts and specialised bytecode of what
requests run through, and stacks and arenas of the threads. Master, agent and template cost another 41 MB.

In:     nothing; starts two servers, one after the other.
Out:    a table; exit status 1 if sharing costs more than the bar.
Never:  measures a server that has not answered all requests.
"""

import collections
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

BAR = 0.45
FOLDER = Path(__file__).resolve().parent
PATIENCE_S = 120


def main(words):
    workers = int(words[0]) if words else 8
    requests = int(words[1]) if len(words) > 1 else 10_000
    totals = {}
    for preload in ("auto", "off"):
        with server(preload, workers) as (process, port):
            shares = ask(port, workers, requests)
            rows = measure(process.pid)
            totals[preload] = total = sum(row["Pss"] for row in rows.values())
            print(f"preload={preload}: {total / 1024:.1f} MiB in {len(rows)} processes")
            for role, row in sorted(summary(rows, shares).items()):
                print(f"    {role:10} {row}")
    ratio = totals["auto"] / totals["off"]
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}: {ratio:.3f} of {workers} separate imports; bar {BAR}")
    return int(ratio > BAR)


@contextlib.contextmanager
def server(preload, workers):
    """Serve the application; what is given is its process and port."""
    words = ["serve", "memory_app", "-b", "127.0.0.1:0", "-w", str(workers)]
    command = [sys.executable, "-m", "penstock", *words]
    environment = os.environ | {"PENSTOCK_PRELOAD": preload, "PENSTOCK_ACCESS_LOG": "off"}
    process = subprocess.Popen(
        command, cwd=FOLDER, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        for line in process.stderr:
            if found := re.match(r"  at +http://127.0.0.1:(\d+)", line):
                break
            if "template" in line or "Error" in line:
                sys.stderr.write(line)
        else:
            raise SystemExit("the server did not start")
        yield process, int(found[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.stderr.close()
        process.wait(PATIENCE_S)


def ask(port, workers, requests):
    """Ask all workers the same number of requests, on kept connections; return how many each has answered."""
    connections = {}
    give_up_s = time.monotonic() + PATIENCE_S
    shares = collections.Counter()
    while len(connections) < workers:
        sock = socket.create_connection(("127.0.0.1", port))
        pid = answer(sock, 0)
        shares[pid] += 1
        if connections.setdefault(pid, sock) is not sock:
            sock.close()
        if time.monotonic() > give_up_s:
            raise SystemExit(f"only {len(connections)} of {workers} workers answer")
    for number in range(requests // workers):
        for pid, sock in connections.items():
            assert answer(sock, number % 50) == pid
            shares[pid] += 1
    for sock in connections.values():
        sock.close()
    return shares


def answer(sock, number):
    """Ask one page; return the pid of its worker."""
    sock.sendall(b"GET /%d HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nUser-Agent: bench\r\n\r\n" % number)
    received = b""
    while b"\r\n\r\n" not in received:
        received += sock.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    missing = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(body)
    while missing:
        missing -= len(sock.recv(missing))
    return int(re.search(rb"(?i)x-worker: (\d+)", head)[1])


def measure(leader):
    """Return what smaps_rollup says of each process of the session, in KiB."""
    rows = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError):
            if os.getsid(int(entry.name)) == leader:
                text = (entry / "smaps_rollup").read_text()
                rows[int(entry.name)] = {
                    name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)
                }
    return rows


def summary(rows, shares):
    """Return a line for the workers together, and for each other process by its size."""
    fields = ("Pss", "Pss_Anon", "Pss_File", "Pss_Shmem", "Private_Dirty")
    roles = collections.defaultdict(list)
    for pid, row in rows.items():
        roles["workers" if pid in shares else f"other {pid}"].append(row)
    return {
        role: "  ".join(f"{field} {sum(row.get(field, 0) for row in found) / 1024:.1f}" for field in fields)
        for role, found in roles.items()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
