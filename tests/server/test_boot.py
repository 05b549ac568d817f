import pytest
from tests.server.plans import application, plan

from penstock.server.boot import explain, explain_hook, import_application
from penstock.server.message import FAILED, open_channel, receive_message


@pytest.fixture
def channel():
    ours, theirs = open_channel()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_application_and_hooks_are_imported_together(channel) -> None:
    imported = import_application(
        plan(find_hook=lambda name: lambda: name, on_worker_start="shop:start"), channel[1].fileno()
    )
    assert imported.application is application
    assert imported.on_worker_start() == "shop:start"
    assert imported.on_worker_stop() is None


def missing(*_):
    raise ImportError("no module named 'shop'")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"load": missing}, id="application"),
        pytest.param({"find_hook": missing, "on_ready": "shop:ready"}, id="hook"),
    ],
)
def test_what_cannot_be_imported_is_told(channel, options) -> None:
    ours, theirs = channel
    assert import_application(plan(**options), theirs.fileno()) is None
    message = receive_message(ours)
    assert (message.word, message.text) == (FAILED, "no module named 'shop'")


def test_fault_of_the_application_is_explained_by_its_traceback() -> None:
    try:
        try:
            missing()
        except ImportError as error:
            raise RuntimeError("cannot load shop:app") from error
    except RuntimeError as error:
        text = explain(error)
    assert text.startswith("Traceback")
    assert text.splitlines()[-1] == "cannot load shop:app"


def test_error_without_words_is_named_by_its_type() -> None:
    assert explain(SystemExit()) == "SystemExit"


def test_hook_is_explained_with_its_place() -> None:
    text = explain_hook("on_worker_start", "shop:start", ValueError("no"))
    assert text.splitlines()[-1] == "on_worker_start 'shop:start' failed: ValueError: no"
