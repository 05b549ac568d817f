"""The onion: layers of hooks around a heart, walked by one loop.

Read from the outside, each layer is a function that calls the next and whose every exception has been
turned into a response before the layer around it sees it.  Written that way, five layers are ten nested
calls and ten handlers of exceptions for each request.  What a layer of hooks does is known beforehand,
though, so a run of such layers is kept as tuples of bound methods, and one loop goes down and up with a
number that says where it is:

    level      0            1            2            3 = depth
    down       request ---> request ---> request ---> heart          stops at the first true answer
    up         response <-- response <-- response <-----'            begins at the level that answered

An exception at some level is converted there, and the way up goes on one level further out: a layer that
has raised does not see the response made of it.  A conversion that raises itself is an exception of the
next level out; out of level 0 it leaves the onion.

In:     a heart (any callable, an opaque middleware too), a conversion, layers.
Out:    one function from request to response.
Never:  knows what a request or a response is; it asks an early response for its truth and nothing else.

Rules:  Django's order of hooks and conversions; tests drive random onions through this file and through
        the nested functions told above.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic_ns
from typing import Any, Final

from penstock.telemetry import add_span

# A hook that takes longer is a span of its request; of a quicker one nobody wants to read. Two clocks a hook
# cost 50 ns, a span around each would cost a microsecond.
QUICK_NS: Final = 100_000

Request = Any
Response = Any
Respond = Callable[[Request], Response]
Convert = Callable[[Request, Exception], Response]


@dataclass(frozen=True, slots=True)
class Layer:
    """The two hooks of a middleware that is nothing but hooks; either may be missing."""

    on_request: Callable[[Request], Response | None] | None = None
    on_response: Callable[[Request, Response], Response] | None = None


@dataclass(frozen=True, slots=True)
class Onion:
    """Layers (outermost first) around a heart.

    Attributes:
        heart: answers the request; what it raises is converted at the level below the last layer.
        convert: makes a response of an exception, called while that exception is being handled.
        layers: outermost first.
    """

    heart: Respond
    convert: Convert
    layers: tuple[Layer, ...] = ()

    def inside(self, layer: Layer) -> "Onion":
        """Return the onion that has one layer more on its outside."""
        return Onion(self.heart, self.convert, (layer, *self.layers))

    def compile(self) -> Respond:
        """Return the onion as one function, which raises only what `convert` raises at level 0."""
        return _compiled(self.heart, self.convert, self.layers)


Down = tuple[tuple[int, Callable[[Request], Response | None]], ...]
Up = tuple[tuple[int, Callable[[Request, Response], Response]], ...]


def _down(layers: tuple[Layer, ...]) -> Down:
    return tuple((level, layer.on_request) for level, layer in enumerate(layers) if layer.on_request)


def _up(layers: tuple[Layer, ...]) -> tuple[Up, ...]:
    """Hooks of the way up, by the number of layers that are still to be passed."""
    hooks = [(level, layer.on_response) for level, layer in enumerate(layers) if layer.on_response]
    return tuple(
        tuple((level, hook) for level, hook in reversed(hooks) if level < passed)
        for passed in range(len(layers) + 1)
    )


def _compiled(heart: Respond, convert: Convert, layers: tuple[Layer, ...]) -> Respond:
    """Close over the tuples: a name of an enclosing function costs less than an attribute, at each step."""
    down, up, depth = _down(layers), _up(layers), len(layers)
    whole_way_up = up[depth]

    def respond(request: Request) -> Response:
        level, way_up = depth, whole_way_up
        now_ns = monotonic_ns()
        try:
            for level, hook in down:
                response = hook(request)
                since_ns, now_ns = now_ns, monotonic_ns()
                if now_ns - since_ns > QUICK_NS:
                    note(hook, since_ns, now_ns)
                if response:
                    way_up = up[level + 1]  # its own on_response included
                    break
            else:
                level = depth
                response = heart(request)
                now_ns = monotonic_ns()
            for level, finish in way_up:  # noqa: B007 - the handler below reads where the loop was
                response = finish(request, response)
                since_ns, now_ns = now_ns, monotonic_ns()
                if now_ns - since_ns > QUICK_NS:
                    note(finish, since_ns, now_ns)
        except Exception as error:  # noqa: BLE001 - what convert makes of it is the site's
            response, level = converted(request, error, level)
        else:
            return response
        return climb(request, response, level)

    def climb(request: Request, response: Response, level: int) -> Response:
        try:
            for level, finish in up[level]:  # noqa: B007, B020, PLR1704 - the same
                response = finish(request, response)
        except Exception as error:  # noqa: BLE001 - as above
            response, level = converted(request, error, level)
        else:
            return response
        return climb(request, response, level)

    def converted(request: Request, error: Exception, level: int) -> tuple[Response, int]:
        try:
            return convert(request, error), level
        except Exception as raised:
            if level == 0:
                raise
            return converted(request, raised, level - 1)

    return respond


def note(hook: Callable[..., Any], start_ns: int, end_ns: int) -> None:
    """Make a span of a hook: `middleware SessionMiddleware.process_request`."""
    add_span(f"middleware {getattr(hook, '__qualname__', type(hook).__name__)}", start_ns, end_ns)
