"""The onion against the nested functions that it stands for."""

import sys
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.handlers.onion import Layer, Onion


class Falsy(str):
    """An answer that is false, as an empty string, and yet not None."""

    __slots__ = ()


@dataclass
class Script:
    """What each hook does: "none", "answer", "falsy" or "raise"; None is a missing hook."""

    layers: list[tuple[str | None, str | None]]
    heart: str
    conversions: list[bool]  # whether the n-th conversion raises
    log: list = field(default_factory=list)
    converted: int = 0

    def act(self, what, name, *seen):
        self.log.append((name, *seen))
        if what == "raise":
            raise ValueError(name)
        return {"none": None, "answer": f"<{name}>", "falsy": Falsy("")}[what]

    def convert(self, request, error):
        assert sys.exc_info()[1] is error  # receivers of got_request_exception look there
        self.log.append(("convert", request, str(error), str(error.__context__)))
        self.converted += 1
        if self.converted <= len(self.conversions) and self.conversions[self.converted - 1]:
            raise ValueError(f"conversion {self.converted}")
        return f"converted {error}"

    def on_request(self, index):
        what = self.layers[index][0]
        if what is None:
            return None
        return lambda request: self.act(what, f"request {index}", request)

    def on_response(self, index):
        what = self.layers[index][1]
        if what is None:
            return None

        def finish(request, response):
            assert sys.exc_info()[1] is None  # nothing is being handled any more
            return self.act(what, f"response {index}", request, response)

        return finish

    def answer(self, request):
        return self.act(self.heart, "heart", request)


def nested(script):
    """Django's own shape: each layer a function around the next, each in a conversion of its own."""

    def with_conversion(respond):
        def guarded(request):
            try:
                return respond(request)
            except Exception as error:  # noqa: BLE001  (as the handler does)
                return script.convert(request, error)

        return guarded

    def layer(index, get_response):
        before, after = script.on_request(index), script.on_response(index)

        def respond(request):
            response = None
            if before is not None:
                response = before(request)
            response = response or get_response(request)
            if after is not None:
                response = after(request, response)
            return response

        return respond

    chain = with_conversion(script.answer)
    for index in reversed(range(len(script.layers))):
        chain = with_conversion(layer(index, chain))
    return chain


def flat(script):
    onion = Onion(script.answer, script.convert)
    for index in reversed(range(len(script.layers))):
        onion = onion.inside(Layer(script.on_request(index), script.on_response(index)))
    return onion.compile()


def split(script, opaque):
    """Some layers are opaque callables: each is the heart of an onion of its own."""
    onion = Onion(script.answer, script.convert)
    for index in reversed(range(len(script.layers))):
        layer = Layer(script.on_request(index), script.on_response(index))
        if not opaque[index % len(opaque)]:
            onion = onion.inside(layer)
            continue

        get_response = onion.compile()

        def respond(request, layer=layer, get_response=get_response):
            response = layer.on_request(request) if layer.on_request else None
            response = response or get_response(request)
            return layer.on_response(request, response) if layer.on_response else response

        onion = Onion(respond, script.convert)
    return onion.compile()


def outcome(build, script):
    script.log.clear()
    script.converted = 0
    try:
        result = "returned", build(script)("R")
    except ValueError as error:
        result = "raised", str(error), str(error.__context__)
    return result, list(script.log)


acts = st.sampled_from(["none", "none", "answer", "falsy", "raise"])
scripts = st.builds(
    Script,
    layers=st.lists(st.tuples(st.none() | acts, st.none() | acts), max_size=6),
    heart=st.sampled_from(["answer", "answer", "none", "falsy", "raise"]),
    conversions=st.lists(st.booleans(), max_size=8),
)


@given(scripts)
def test_onion_of_random_hooks_does_what_nested_functions_do(script):
    assert outcome(flat, script) == outcome(nested, script)


@given(scripts, st.lists(st.booleans(), min_size=1, max_size=6))
def test_onion_with_opaque_layers_does_what_nested_functions_do(script, opaque):
    assert outcome(lambda script: split(script, opaque), script) == outcome(nested, script)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_onion_lets_what_is_no_exception_pass_through_every_layer(error):
    seen = []

    def heart(_request):
        raise error

    def finish(_request, response):
        seen.append(response)
        return response

    onion = Onion(heart, lambda request, error: seen.append(error)).inside(Layer(None, finish))
    with pytest.raises(error):
        onion.compile()("R")
    assert seen == []


def test_onion_short_circuited_runs_its_own_response_hook_and_those_around_it_only():
    log = []

    def layer(name, answer=None):
        def finish(_request, response):
            log.append(name)
            return response

        return Layer(lambda _request: answer, finish)

    onion = Onion(lambda _request: "heart", lambda _request, error: str(error))
    respond = onion.inside(layer("inner")).inside(layer("middle", "early")).inside(layer("outer")).compile()
    assert respond("R") == "early"
    assert log == ["middle", "outer"]


def test_onion_conversion_that_always_raises_is_tried_once_per_level_and_then_leaves():
    tries = []

    def convert(_request, error):
        tries.append(error)
        raise ValueError(len(tries))

    def heart(_request):
        raise KeyError

    onion = Onion(heart, convert).inside(Layer()).inside(Layer()).inside(Layer())
    with pytest.raises(ValueError, match="4"):
        onion.compile()("R")
    assert len(tries) == 4
