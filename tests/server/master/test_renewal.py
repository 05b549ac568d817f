import dataclasses

import pytest
from tests.server.plans import plan

from penstock.config import TelemetryConfig
from penstock.server.errors import StartError
from penstock.server.master.renewal import renew_plan


def renewed(old, new):
    return renew_plan(dataclasses.replace(old, renew=lambda: new))


def test_what_workers_are_told_changes() -> None:
    renewal = renewed(plan(), plan(request_timeout_s=7.0, workers=3))
    assert renewal.plan.server.request_timeout_s == 7.0
    assert renewal.plan.server.workers == 3
    assert renewal.fixed == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bind", ("127.0.0.1:1",)),
        ("user", "nobody"),
        ("umask", "077"),
        ("pid_file", "/run/x"),
        ("threads", 9),
    ],
)
def test_what_the_master_opened_or_sized_stays_and_is_named(name, value) -> None:
    old = plan()
    renewal = renewed(old, plan(**{name: value}))
    assert getattr(renewal.plan.server, name) == getattr(old.server, name)
    assert renewal.fixed == (name,)


def test_fewer_threads_need_no_restart() -> None:
    renewal = renewed(plan(), plan(threads=2))
    assert renewal.plan.server.threads == 2
    assert renewal.fixed == ()


def test_size_of_the_rings_stays() -> None:
    old = plan()
    renewal = renewed(old, dataclasses.replace(old, telemetry=TelemetryConfig(ring_bytes=1 << 20)))
    assert renewal.plan.telemetry == old.telemetry
    assert renewal.fixed == ("ring_bytes",)


def test_configuration_that_cannot_be_used_is_refused() -> None:
    def renew():
        raise StartError("penstock.toml line 1 is not TOML")

    with pytest.raises(StartError, match="is not TOML"):
        renew_plan(plan(renew=renew))


def test_configuration_that_is_beyond_its_reader_is_refused() -> None:
    def renew():
        raise RecursionError("maximum recursion depth exceeded")

    with pytest.raises(StartError, match="cannot read the configuration: RecursionError: maximum"):
        renew_plan(dataclasses.replace(plan(), renew=renew))
