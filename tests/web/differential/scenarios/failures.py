"""Exceptions: which status, which page, which signals and log records."""

from collections.abc import Iterator

from tests.web.differential.scenario import RECORDERS, Scenario, form

ERRORS = (
    "ValueError", "Http404", "PermissionDenied", "BadRequest", "SuspiciousOperation",
    "DisallowedRedirect", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent",
    "MultiPartParserError", "UnreadablePostError",
)  # fmt: skip
CIRCUMSTANCES = {
    "default": {},
    "debug": {"DEBUG": True},
    "propagating": {"DEBUG_PROPAGATE_EXCEPTIONS": True},
    "own-pages": {"ROOT_URLCONF": "specimen_own_errors"},
    "failing-500": {"ROOT_URLCONF": "specimen_failing_500"},
    "template-404": {"ROOT_URLCONF": "specimen_template_404"},
}
OWN_PAGES = {"ROOT_URLCONF": "specimen_own_errors"}


def scenarios() -> Iterator[Scenario]:
    """Each exception, from each place, in all circumstances."""
    for error in ERRORS:
        for name, settings in CIRCUMSTANCES.items():
            for place in ("view", "Gamma.process_view", "Alpha.request", "Beta.response"):
                yield Scenario(
                    f"error-{error}-{name}-{place}",
                    middleware=[f"specimen.{recorder}" for recorder in RECORDERS],
                    plan={place: error},
                    settings=settings,
                    compares_body=name == "own-pages",
                    **(form("a=1") if place == "view" else {}),
                )
    for action in (
        "template",
        "broken-template",
        "none",
        "text",
        "ValueError",
        "Http404",
        "respond-404",
        "stream",
    ):
        for error in ("Http404", "ValueError", "PermissionDenied"):
            yield Scenario(
                f"own-page-{action}-for-{error}",
                middleware=["specimen.Alpha"],
                plan={"view": error, "own_error": action},
                settings=OWN_PAGES,
                compares_body=False,
                compares_words=False,
            )
    for path in ("/nowhere/", "/nowhere\n2/", "/nowhere/\xc3\xa9/", "/%0a/"):
        for name, settings in CIRCUMSTANCES.items():
            yield Scenario(
                f"nowhere-{path!r}-{name}",
                path=path,
                middleware=["specimen.Alpha"],
                settings=settings,
                compares_body=name == "own-pages",
                compares_words=name == "default",
            )
