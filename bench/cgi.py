"""One chart page served in three ways: as a Perl script, as a Python script, by pre-forked workers.

usage: python -m bench.cgi [--seconds 4] [--clients 4] [--site]

The page is an X-bar/R chart of 1,000 subgroups: read from a CSV file, judged by Western Electric's rules
and drawn as SVG, for each request anew; `kept` is the same page by workers that draw it once for each
version of the file.  With --site the site of examples/spc is measured too: its chart page, with its sample of
1,000,000 measurements (made first; half a minute).

CPU per request is that of all processes of the server, scripts included, after they were waited for.  It is
what to compare: requests per second depend on who else uses the machine.

In:     examples/spc.
Out:    a table in Markdown.
Never:  leaves a process or a file behind.
"""

import argparse
import http.client
import itertools
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.accounting import PROC, TICKS_PER_S, tree_members

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "spc"
WORKERS = 2
SUBGROUPS = 1_000
READY_S = 30
_CPU_FIELDS = slice(11, 15)  # of /proc/PID/stat behind the name: utime stime cutime cstime


@dataclass(frozen=True)
class Way:
    """A row of the table: what is started, with which variables, and which path is asked for."""

    name: str
    words: tuple
    path: str
    variables: dict


@dataclass(frozen=True)
class Figures:
    """What one row measured."""

    rate: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--site", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = page_ways(write_csv(folder)) + (site_ways(folder) if options.site else [])
        print("| | requests/s | CPU per request | p50 | p99 |\n|---|---|---|---|---|")
        for way in ways:
            print(row(way, measured(way, options.clients, options.seconds)), flush=True)


def page_ways(csv):
    variables = {"SPC_CSV": str(csv), "PENSTOCK_CGI_ENVIRONMENT": f"SPC_CSV={csv},{script_path()}"}
    scripts = ("cgi", "cgi-bin")
    served = ("serve", "spc.drawing.page")
    return [
        Way("Perl, CGI", scripts, "/chart.pl", variables),
        Way("Python, CGI", scripts, "/page.cgi", variables),
        Way("Python, workers", served, "/", variables),
        Way("Python, workers, kept", served, "/", variables | {"SPC_KEEP": "1"}),
    ]


def site_ways(folder):
    variables = {"SPC_DATA": str(folder / "site"), "PENSTOCK_SETTINGS_MODULE": "spc.settings"}
    for words in (["-m", "penstock", "migrate"], ["-m", "spc.prepare"]):
        subprocess.run(
            [sys.executable, *words], cwd=EXAMPLE, env=os.environ | variables, check=True, stdout=2
        )
    passed = [f"{name}={value}" for name, value in variables.items()]
    scripts = variables | {"PENSTOCK_CGI_ENVIRONMENT": ",".join([*passed, script_path()])}
    return [
        Way("the site, CGI", ("cgi", "cgi-bin"), "/spc.cgi/charts/1/", scripts),
        Way("the site, workers", ("serve", "spc.wsgi"), "/charts/1/", variables),
    ]


def script_path():
    """Return PATH for scripts: `env python3` has to find this Python."""
    return f"PATH={Path(sys.executable).parent}:/usr/bin:/bin"


def write_csv(folder):
    sys.path.insert(0, str(EXAMPLE))
    import numpy as np  # noqa: PLC0415 - the same
    from spc import sample  # noqa: PLC0415 - not installed: it lies in the example

    path = folder / "FUR-01 oxide thickness.csv"
    chunk = next(sample.chunks(rows=SUBGROUPS))
    pairs = zip(chunk.times, chunk.values, strict=True)
    lines = [
        f"{at},{','.join(f'{value:g}' for value in values)}"
        for at, values in pairs
        if not np.isnan(values).any()
    ]
    path.write_text("\n".join(["time,1,2,3,4,5", *lines, ""]))
    return path


def measured(way, clients, seconds):
    with server(way) as (process, port):
        cookie = log_in(port, way.path.removesuffix("/charts/1/")) if "/charts/" in way.path else ""
        ask(port, way.path, cookie, [], time.monotonic() + 1)  # warm: every worker has imported what it needs
        before, began = cpu_s(process.pid), time.monotonic()
        took = [[] for _ in range(clients)]
        threads = [
            threading.Thread(target=ask, args=(port, way.path, cookie, times, began + seconds))
            for times in took
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.monotonic() - began
        used = cpu_s(process.pid) - before
    times = sorted(itertools.chain.from_iterable(took))
    if not times:
        raise SystemExit(f"{way.name}: no request was answered")
    return Figures(
        rate=len(times) / elapsed,
        cpu_ms=1e3 * used / len(times),
        p50_ms=1e3 * times[len(times) // 2],
        p99_ms=1e3 * times[int(len(times) * 0.99)],
    )


@contextmanager
def server(way):
    command = [sys.executable, "-m", "penstock", *way.words, "-w", str(WORKERS), "-b", "127.0.0.1:0"]
    # A waiting script keeps a thread, and a line for each request would be part of the price of neither.
    command += ["--threads", "4", "--access-log", "off"]
    process = subprocess.Popen(
        command,
        cwd=EXAMPLE,
        env=os.environ | way.variables,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, ready_port(process)
    finally:
        process.terminate()
        process.wait(30)


def ready_port(process):
    for line in process.stderr:
        if found := re.search(r"at +http://127\.0\.0\.1:(\d+)", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()  # nobody fills the pipe
            return int(found[1])
    raise SystemExit("the server ended before it was ready")


def ask(port, path, cookie, times, until):
    """Ask one after the other until then, and note how long each took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < until:
        began = time.monotonic()
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200 or b"</html>" not in body:
            raise SystemExit(f"{path}: {response.status} {body[:200]!r}")
        times.append(time.monotonic() - began)
    connection.close()


def log_in(port, mount):
    """Return the cookies of a viewer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"{mount}/log-in/")
    response = connection.getresponse()
    page = response.read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    cookie = _cookies(response)
    form = urllib.parse.urlencode({"name": "viewer", "password": "viewer", "csrfmiddlewaretoken": token})
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", f"{mount}/log-in/", form, headers)
    response = connection.getresponse()
    response.read()
    if response.status != 302:
        raise SystemExit(f"log-in: {response.status}")
    return _cookies(response)


def _cookies(response):
    fields = response.headers.get_all("Set-Cookie", [])
    return "; ".join(field.partition(";")[0] for field in fields)


def cpu_s(root):
    """Return the processor time of the server so far, with that of scripts that were waited for."""
    total = 0
    for member in tree_members(root):
        try:
            text = (PROC / str(member.pid) / "stat").read_text()
        except FileNotFoundError:  # a script that has just ended: its parent counts it
            continue
        total += sum(map(int, text.rpartition(")")[2].split()[_CPU_FIELDS]))
    return total / TICKS_PER_S


def row(way, found):
    cells = f"{found.rate:,.0f} | {found.cpu_ms:.2f} ms | {found.p50_ms:.1f} ms | {found.p99_ms:.1f} ms"
    return f"| {way.name} | {cells} |"


if __name__ == "__main__":
    main()
