from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from penstock.agent.exporters.otlp_traces import pack_traces, read_traces_answer

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
START_NS = 1_700_000_000_000_000_000
FACTS = {"host.name": "h1"}


def unpack(*traces):
    return ExportTraceServiceRequest.FromString(pack_traces(traces, FACTS))


def pairs(attributes):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


def test_spans_are_what_they_were(trace):
    [resource] = unpack(trace()).resource_spans
    server, own = resource.scope_spans[0].spans
    assert {server.trace_id.hex(), own.trace_id.hex()} == {TRACE_ID}
    assert server.parent_span_id.hex() == "b7ad6b7169203331"
    assert own.parent_span_id == server.span_id
    assert (server.kind, own.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL)
    assert (own.start_time_unix_nano, own.end_time_unix_nano) == (START_NS + 1_000, START_NS + 3_000)
    assert server.trace_state == "a=1"
    assert (server.status.code, server.status.message) == (Status.STATUS_CODE_ERROR, "status 500")
    assert own.status.code == Status.STATUS_CODE_UNSET


def test_attributes_say_why_it_was_kept_and_what_was_not_over(trace):
    [resource] = unpack(trace()).resource_spans
    server, own = resource.scope_spans[0].spans
    assert pairs(server.attributes) == {
        "http.response.status_code": 500,
        "url.path": "/a",
        "penstock.kept": "error,slow",
        "error.type": "500",
    }
    assert pairs(own.attributes) == {
        "rows": 3,
        "part": 0.5,
        "cached": False,
        "text": "caf\xe9",
        "penstock.unfinished": True,
    }


def test_each_worker_is_a_resource(trace):
    resources = unpack(trace(), trace(2, pid=4343), trace(3)).resource_spans
    found = [(pairs(each.resource.attributes), len(each.scope_spans[0].spans)) for each in resources]
    shared = {"service.name": "shop.wsgi", "host.name": "h1"}
    assert found == [({**shared, "process.pid": 4242}, 4), ({**shared, "process.pid": 4343}, 2)]


def test_trace_without_a_caller_has_a_root(trace):
    first = trace()
    [resource] = unpack(trace(spans=(first.spans[1],))).resource_spans
    assert resource.scope_spans[0].scope.name == "penstock"


def test_answer_says_what_was_refused(partly):
    assert read_traces_answer(partly(3, "too old")) == (3, "too old")
    assert read_traces_answer(b"") == (0, "")
