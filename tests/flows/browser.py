"""A headless Chromium, driven by the protocol of its developer tools over a pair of pipes.

No driver program and no package: JSON messages with a NUL at the end, written to the browser's descriptor 3
and read from its descriptor 4.

In:     the path of a Chromium.
Out:    pages visited, clicked and typed as a person does: by mouse and keyboard, not by scripts of ours.
Never:  leaves a process: the browser leads a session of its own and all of it is ended.

Rules:  Chrome DevTools Protocol; `--remote-debugging-pipe`.
"""

import base64
import contextlib
import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Self

from tests.flows.harness import session_members, wait_until

PATIENCE_S: Final = 60.0
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--window-size=1200,900",
    "about:blank",
)


class Browser:
    """One browser with one page.

    Args:
        program: a Chromium.
        folder: for its profile, its downloads and what it says; has to exist.

    Attributes:
        faults: what the pages and the network complained about: console errors, failed requests, exceptions.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self.folder = folder
        self.downloads = folder / "downloads"
        self.faults: list[str] = []
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        self._number = 0
        self._session = ""
        self._start(program)
        self._open_page()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    # What a person does

    def visit(self, url: str) -> None:
        """Go to an address and wait until the page has loaded."""
        self._loading(lambda: self._call("Page.navigate", url=url))

    def click(self, selector: str, *, loads: bool = False) -> None:
        """Click on the first element; with `loads`, wait for the page that follows."""

        def press() -> None:
            x, y = self._middle(selector)
            for kind in ("mousePressed", "mouseReleased"):
                self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

        self._loading(press) if loads else press()

    def type(self, selector: str, text: str) -> None:
        """Click into a field and type."""
        self.click(selector)
        self._call("Input.insertText", text=text)

    def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file for an upload field."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def download(self, selector: str) -> Path:
        """Click on a link that is a download; return the file."""
        self.click(selector)
        begun = self._wait_event("Browser.downloadWillBegin")
        self._wait_event("Browser.downloadProgress", lambda event: event["state"] == "completed")
        return self.downloads / begun["suggestedFilename"]

    # What a person sees

    def text(self, selector: str = "body") -> str:
        """Return the visible text of the first element."""
        return self._evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def texts(self, selector: str) -> list[str]:
        """Return the visible texts of all elements."""
        return self._evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText)")

    def address(self) -> str:
        """Return the address of the page."""
        return self._evaluate("location.href")

    def screenshot(self, path: Path) -> None:
        """Keep what is to be seen as a PNG."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def end(self) -> None:
        """End the browser."""
        with contextlib.suppress(OSError, AssertionError):
            self._call("Browser.close")
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not self._members(), "the browser to close", within_s=10)
        for pid in self._members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self._to_browser)
        os.close(self._from_browser)

    # The browser's process

    def _start(self, program: str) -> None:
        ours, theirs = _pipes()
        self._from_browser, self._to_browser = ours
        words = [program, *FLAGS[:-1], f"--user-data-dir={self.folder / 'profile'}", FLAGS[-1]]
        log = str(self.folder / "browser.log")
        self.pid = os.posix_spawn(
            program,
            words,
            os.environ | {"HOME": str(self.folder)},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                (os.POSIX_SPAWN_DUP2, theirs[0], 3),
                (os.POSIX_SPAWN_DUP2, theirs[1], 4),
            ],
            setsid=True,
        )
        for fd in theirs:
            os.close(fd)

    def _members(self) -> Sequence[int]:
        return list(session_members(self.pid))

    def _open_page(self) -> None:
        self.downloads.mkdir()
        self._call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(self.downloads),
            eventsEnabled=True,
        )
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self._call(f"{domain}.enable")

    # Messages

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session and not method.startswith("Browser."):
            message["sessionId"] = self._session
        os.write(self._to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _receive(self) -> dict[str, Any]:
        """Return the next message; events are kept for `_wait_event`, complaints as faults."""
        give_up_s = time.monotonic() + PATIENCE_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from_browser], [], [], give_up_s - time.monotonic())
            piece = os.read(self._from_browser, 1 << 20) if ready else b""
            assert piece, f"the browser says nothing: {(self.folder / 'browser.log').read_text()[-2000:]}"
            self._buffer += piece
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(raw)
        if "method" in message:
            self._events.append(message)
            self.faults += _fault(message)
        return message

    def _wait_event(self, method: str, is_meant: Callable[[Any], bool] = lambda _: True) -> dict[str, Any]:
        while True:
            for place, event in enumerate(self._events):
                if event["method"] == method and is_meant(event["params"]):
                    del self._events[: place + 1]
                    return event["params"]
            self._receive()

    def _loading(self, act: Callable[[], Any]) -> None:
        self._events = [event for event in self._events if event["method"] != "Page.loadEventFired"]
        act()
        self._wait_event("Page.loadEventFired")

    def _evaluate(self, expression: str) -> Any:
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def _middle(self, selector: str) -> tuple[float, float]:
        script = f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{block: "center"}});
            const box = element.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()"""
        x, y = self._evaluate(script)
        return x, y


def _pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    """Return (read, write) for us and for the browser, numbered well above the 3 and 4 they become."""
    fds = []
    for pair in (os.pipe(), os.pipe()):
        for fd in pair:
            fds.append(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10))
            os.close(fd)
    their_read, our_write, our_read, their_write = fds
    return (our_read, our_write), (their_read, their_write)


def _fault(event: dict[str, Any]) -> list[str]:
    parameters = event["params"]
    if event["method"] == "Runtime.exceptionThrown":
        return [json.dumps(parameters["exceptionDetails"])]
    if event["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
        return [f"{parameters['entry']['text']} {parameters['entry'].get('url')}"]
    # A page or a download that replaces the one that was loading cancels it: that is no fault.
    if (
        event["method"] == "Network.loadingFailed"
        and not parameters.get("canceled")
        and parameters["errorText"] != "net::ERR_ABORTED"
    ):
        return [parameters["errorText"]]
    return []
