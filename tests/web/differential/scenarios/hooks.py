"""What hooks and views return and raise: every place with every action."""

from collections.abc import Iterator

from tests.web.differential.scenario import RECORDERS, Scenario

RECORDING = [f"specimen.{name}" for name in RECORDERS]

VIEWS = {"plain": "respond", "template": "template", "raising": "ValueError", "missing": "Http404"}
HOOKS = ("request", "process_view", "process_template_response", "process_exception", "response")
ACTIONS = (
    "respond",
    "template",
    "none",
    "empty",
    "text",
    "coroutine",
    "ValueError",
    "Http404",
    "PermissionDenied",
)
VIEW_ACTIONS = (
    "text", "empty", "none", "coroutine", "stream", "closing", "failing-closer", "broken-template",
    "missing-template", "respond-404", "respond-500", "Unencodable", "SystemExit",
)  # fmt: skip


def scenarios() -> Iterator[Scenario]:
    """The matrix, and what does not fit into it."""
    yield from matrix()
    yield from views()
    yield from mixins()
    yield from loading()
    yield from coroutines()


def matrix() -> Iterator[Scenario]:
    """Each action at each hook of the middleware in the middle, around views of four kinds."""
    for view, does in VIEWS.items():
        for hook in HOOKS:
            for action in ACTIONS:
                yield Scenario(
                    f"hooks-{view}-{hook}-{action}",
                    middleware=RECORDING,
                    plan={"view": does, f"Beta.{hook}": action},
                    compares_body=False,
                    compares_words=False,
                )


def views() -> Iterator[Scenario]:
    """Each action of a view, between recorders; templates that fail; answers of several hooks."""
    for action in VIEW_ACTIONS:
        yield Scenario(
            f"view-{action}",
            middleware=RECORDING,
            plan={"view": action},
            compares_body=False,
            compares_words=False,
        )
    for first, second in (("Alpha", "Beta"), ("Beta", "Gamma"), ("Alpha", "Gamma")):
        for hook in HOOKS[1:4]:
            yield Scenario(
                f"two-answer-{hook}-{first}-{second}",
                middleware=RECORDING,
                plan={
                    "view": "ValueError" if hook == "process_exception" else "template",
                    f"{first}.{hook}": "template",
                    f"{second}.{hook}": "respond" if hook != "process_template_response" else "template",
                },
            )
    for answer in ("respond", "template", "broken-template", "none", "ValueError"):
        yield Scenario(
            f"rendering-fails-process_exception-{answer}",
            middleware=RECORDING,
            plan={"view": "broken-template", "Gamma.process_exception": answer},
            compares_body=False,
            compares_words=False,
        )
    for place in ("Alpha.request", "Alpha.process_view", "Alpha.response", "view"):
        for action in ("SystemExit", "KeyboardInterrupt"):
            yield Scenario(f"leaves-{place}-{action}", middleware=RECORDING, plan={place: action})
    for place in ("Alpha.request", "Gamma.request", "Alpha.process_view"):
        for action in ("other-urlconf", "no-urlconf"):
            yield Scenario(f"urlconf-{place}-{action}", middleware=RECORDING, plan={place: action})
    for view in ("stream", "Http404", "closing"):
        yield Scenario(
            f"urlconf-other-then-{view}",
            middleware=RECORDING,
            plan={"Alpha.request": "other-urlconf", "view": view},
            compares_body=False,
        )
    for action in ("respond", "closing", "stream"):
        yield Scenario(
            f"closers-of-a-replaced-response-{action}",
            middleware=RECORDING,
            plan={"view": "closing", "Beta.response": action},
        )


def mixins() -> Iterator[Scenario]:
    """MiddlewareMixin's two hooks, alone and among others."""
    chains = {
        "alone": ["specimen.Hooks"],
        "pair": ["specimen.Hooks", "specimen.MoreHooks"],
        "inside": ["specimen.Alpha", "specimen.Hooks", "specimen.MoreHooks", "specimen.Gamma"],
        "split": ["specimen.Hooks", "specimen.Beta", "specimen.MoreHooks"],
    }
    for chain, middleware in chains.items():
        for place in (
            "Hooks.process_request",
            "MoreHooks.process_request",
            "MoreHooks.process_response",
            "view",
        ):
            for action in ("respond", "ValueError", "Http404", "empty", "none"):
                yield Scenario(
                    f"mixin-{chain}-{place}-{action}",
                    middleware=middleware,
                    plan={place: action},
                    compares_body=False,
                    compares_words=False,
                )
    for debug in (True, False):
        yield Scenario(
            f"mixin-propagating-debug-{debug}",
            middleware=chains["inside"],
            plan={"view": "ValueError"},
            settings={"DEBUG_PROPAGATE_EXCEPTIONS": True, "DEBUG": debug},
        )


def loading() -> Iterator[Scenario]:
    """Factories that are odd."""
    odd = {
        "function": ["specimen.Alpha", "specimen.function_middleware", "specimen.Gamma"],
        "unused": ["specimen.Alpha", "specimen.unused_middleware", "specimen.Gamma"],
        "unused-first": ["specimen.unused_middleware", "specimen.Gamma"],
        "none": ["specimen.Alpha", "specimen.no_middleware"],
        "incapable": ["specimen.Incapable"],
        "nowhere": ["specimen.Nowhere"],
        "twice": ["specimen.Alpha", "specimen.Alpha"],
    }
    for name, middleware in odd.items():
        for debug in (False, True):
            yield Scenario(
                f"loading-{name}-debug-{debug}",
                middleware=middleware,
                settings={"DEBUG": debug},
                compares_words=False,
            )


def coroutines() -> Iterator[Scenario]:
    """Coroutines under WSGI: views of each kind, a middleware that is nothing else."""
    around = {
        "bare": [],
        "recorders": RECORDING,
        "mixins": ["specimen.Hooks", "specimen.MoreHooks"],
        "async": ["specimen.AsyncOnly"],
        "between": ["specimen.Alpha", "specimen.AsyncOnly", "specimen.Hooks"],
    }
    for chain, middleware in around.items():
        for path in ("/async/", "/async/class/", "/async/stream/", "/async/never/", "/plain/", "/nowhere/"):
            for action in ("respond", "ValueError", "Http404", "template"):
                yield Scenario(
                    f"coroutine-{chain}-{path}-{action}",
                    path=path,
                    middleware=middleware,
                    plan={"view": action},
                    may_show_own_page=True,
                    compares_words=False,
                )
    for count in (0, 2):
        for view in ("closing", "stream", "ValueError"):
            yield Scenario(
                f"closed-{count}-times-{view}", plan={"view": view}, close_count=count, may_show_own_page=True
            )
