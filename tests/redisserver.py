"""A Redis of the tests' own, on a loopback port, that keeps nothing on disk.

In:     the program redis-server.
Out:    an empty database, by URL.
Never:  touches a Redis that was there before.
"""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time

import redis

PATIENCE_S = 30.0


class RedisServer:
    """One server; it may be ended and started again at the same port."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._folder = tempfile.mkdtemp(prefix="penstock-redis-")
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder]
        self._process = subprocess.Popen(
            [*words, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        give_up_s = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(redis.ConnectionError):
                self.empty()
                return
            assert time.monotonic() < give_up_s, "Redis did not answer"
            time.sleep(0.01)

    def empty(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.url, protocol=2) as client:
            client.flushall()

    def stop(self) -> None:
        """End it; what was kept is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)

    def end(self) -> None:
        """End it for good."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
