"""What DogStatsD costs the agent: CPU per line, datagrams a second, memory under a flood of tags.

Usage: python bench/dogstatsd.py [SECONDS]

In:     a station on a loopback UDP socket in this process, a sender in another.
Out:    a table on standard output.
"""

import multiprocessing
import resource
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, cycle

from penstock.agent.dogstatsd import DogStatsD, DogStatsDOptions
from penstock.agent.dogstatsd.address import parse_datagram_address

COUNTER = [b"shop.orders:%d|c|#env:prod,country:de" % number for number in range(50)]
TIMER = [b"shop.query:%d.25|ms|#env:prod" % number for number in range(50)]
SET = [b"shop.users:user-%d|s" % number for number in range(50)]


def repeated(lines: list[bytes], a_datagram: int) -> Iterator[bytes]:
    """Yield datagrams of the same lines for ever."""
    packed = [b"\n".join(lines[at : at + a_datagram]) for at in range(0, len(lines), a_datagram)]
    return cycle(packed)


def flood() -> Iterator[bytes]:
    """Yield lines each of which has a tag of its own."""
    return (b"flood:1|c|#user:%d" % number for number in count())


CASES: dict[str, Callable[[], Iterator[bytes]]] = {
    "counters, 1 a datagram": lambda: repeated(COUNTER, 1),
    "counters, 25 a datagram": lambda: repeated(COUNTER, 25),
    "timers, 25 a datagram": lambda: repeated(TIMER, 25),
    "sets, 25 a datagram": lambda: repeated(SET, 25),
    "a tag of its own each": flood,
}


def send(case: str, place: tuple[str, int]) -> None:
    """Send until killed, as fast as the socket takes it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(place)
    for datagram in CASES[case]():
        sock.send(datagram)


def measure(case: str, duration_s: float) -> str:
    """Return one row: lines and datagrams a second, CPU per line, drops, peak memory."""
    station = DogStatsD(DogStatsDOptions(addresses=(parse_datagram_address("127.0.0.1:0"),)))
    fd = station.fds()[0]
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    place = station._inlets[fd]._sock.getsockname()
    sender = multiprocessing.get_context("spawn").Process(target=send, args=(case, place))
    sender.start()
    while not station.report()["datagrams"]:
        poller.poll()
        station.readable(fd)
    before, wall_s, cpu_s = dict(station.report()), time.monotonic(), time.process_time()
    while time.monotonic() - wall_s < duration_s:
        poller.poll(100)
        station.readable(fd)
    wall_s, cpu_s = time.monotonic() - wall_s, time.process_time() - cpu_s
    sender.kill()
    sender.join()
    after = station.report()
    datagrams, lines, drops = (
        int(after[key]) - int(before[key]) for key in ("datagrams", "lines", "dropped_by_kernel")
    )
    station.close()
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{case:<26} {datagrams / wall_s:>10,.0f} {lines / wall_s:>10,.0f} {cpu_s / lines * 1e6:>8.2f}"
        f" {drops / wall_s:>12,.0f} {after['series']:>8} {peak_mib:>8.0f}"
    )


def main() -> None:
    """Measure all cases."""
    duration_s = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print(
        f"{'':<26} {'datagram/s':>10} {'line/s':>10} {'us/line':>8} {'drop/s':>12} {'series':>8} {'MiB':>8}"
    )
    for case in CASES:
        print(measure(case, duration_s))


if __name__ == "__main__":
    main()
