"""Options of what workers write into shared memory: sizes, traces, metrics."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryConfig:
    """Sizes of the shared mapping; which requests are kept with their spans; whose metrics are counted."""

    ring_bytes: int = option(
        4 << 20,
        help="ring of records of each worker",
        reason="11,000 access lines: 0.3 s of a worker that answers 35,000 requests a second",
        unit="bytes",
        minimum=65536,
        maximum=1 << 30,
    )
    capture_print: bool = option(
        False,
        help="record what workers print, line by line, as entries of the log with worker, thread and request",
        reason="standard output is the operator's until they say otherwise",
    )
    trace_sample: float = option(
        0.001,
        help="part of all requests that is kept as traces; failed and slow ones are kept besides",
        reason="one in a thousand shows what is usual; tracing services bill by the trace",
        unit="of 1",
        minimum=0,
        maximum=1,
    )
    trace_slow_ms: int = option(
        10,
        help="what is quicker is never kept as slow; else it is beyond the 99th percentile of its shape",
        reason="nobody looks into why a request took 2 ms and not 1",
        unit="ms",
        minimum=0,
        maximum=3_600_000,
    )
    trace_rate: int = option(
        20,
        help="most traces a worker keeps a second; half of them only of requests that failed or ask for it",
        reason="when everything fails a handful shows why; a thousand would only cost more",
        unit="count",
        minimum=0,
        maximum=10_000,
    )
    trace_key: str = option(
        "",
        help="key of the signed field Penstock-Trace, by which a request asks to be kept; empty = none can",
        reason="who can ask costs you work",
        secret=True,
    )
    trace_environ: bool = option(
        False,
        help="give every request a traceparent of ours: OpenTelemetry in the application goes on from it",
        reason="a sampler that the application asks at the root of its traces would not be asked any more",
    )
    trace_response: bool = option(
        False,
        help="return the ids of the trace as traceresponse",
        reason="not every operator wants to show them",
    )
    prometheus_takeover: bool = option(
        True,
        help="show the application's prometheus_client metrics on the ops port, right over all workers",
        reason="each worker has its own otherwise, or a directory of files to be cleaned up",
    )
