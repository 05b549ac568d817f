"""Paths, script names and routes: which view answers, with what."""

from collections.abc import Iterator

from tests.web.differential.scenario import Scenario

PATHS = {
    "empty": "",
    "root": "/",
    "no-leading-slash": "plain/",
    "two-slashes": "//",
    "two-slashes-and-more": "//plain/",
    "three-slashes": "///echo/",
    "unknown": "/nowhere/",
    "latin-bytes": "/\xe9/",
    "utf-8": "/\xc3\xbcn\xc3\xafcode/\xc3\xa9/",
    "broken-utf-8": "/echo/\xff\xfe\xc3",
    "half-a-character": "/\xe2\x82/",
    "percent": "/white%20space/",
    "space": "/white space/",
    "newline": "/end\n",
    "end": "/end",
    "nul": "/echo/\0",
    "dots": "/../echo/",
    "question-mark": "/echo/?x/",
    "not-latin": "/\u0100/",
    "typed": "/r/5/b/",
    "typed-wrong": "/r/x/b/",
    "negative": "/r/-5/b/",
    "arabic-digits": "/r/\xd9\xa3/b/",
    "big-number": "/r/" + "9" * 30 + "/b/",
    "leading-zeros": "/r/007/b/",
    "slug": "/r/a-b_c/",
    "uuid": "/r/12345678-1234-5678-1234-567812345678/",
    "uuid-upper-case": "/r/12345678-1234-5678-1234-56781234567A/",
    "path-converter": "/r/a/b/c/end/",
    "even": "/even/4/",
    "odd": "/even/5/",
    "backtracks": "/back/track/",
    "includes": "/back/only/",
    "greedy-prefix": "/greedy/a/x/",
    "greedy-prefix-twice": "/greedy/a/x/x/",
    "prefix-and-child": "/pre/3/",
    "prefix-and-child-same-name": "/pre/3/4/",
    "namespace-one": "/one/",
    "namespace-two": "/two/7/",
    "app": "/app/x/",
    "regex": "/re/12/",
    "regex-optional": "/re/12/opt/",
    "regex-mixed-groups": "/re/word/12/",
    "optional-group": "/optional/5/",
    "optional-group-missing": "/optional/",
    "matches-in-the-middle": "/before/middle/behind",
    "named-prefix": "/1pos/2/",
    "named-prefix-named": "/1pos/n2/",
    "unnamed-prefix-with-kwargs": "/5unn/6/",
    "unnamed-prefix-named": "/5unn/n6/",
    "unslashed": "/unslashed/",
    "class": "/class/",
}


def scenarios() -> Iterator[Scenario]:
    """Paths; paths below script names; names into addresses."""
    for name, path in PATHS.items():
        yield Scenario(
            f"path-{name}",
            path=path,
            query="show=path,match",
            compares_body=_has_view(name),
            compares_words=False,
        )
    for name, path in PATHS.items():
        if path.isascii() and "\n" not in path:
            yield Scenario(
                f"path-debug-{name}",
                path=path,
                query="show=full_path,match",
                settings={"DEBUG": True},
                compares_body=_has_view(name),
                compares_words=False,
            )
    yield from script_names()
    yield from addresses()


def _has_view(name: str) -> bool:
    """Whether there is a view: error pages are each framework's own."""
    return name not in {
        "two-slashes", "two-slashes-and-more", "three-slashes", "unknown", "latin-bytes",
        "broken-utf-8", "newline", "half-a-character", "space", "nul", "dots", "question-mark",
        "not-latin", "typed-wrong", "negative", "empty", "arabic-digits", "greedy-prefix-twice",
        "no-leading-slash", "unslashed", "class", "uuid-upper-case", "greedy-prefix",
    }  # fmt: skip


def script_names() -> Iterator[Scenario]:
    """Where the site is mounted, as servers and settings say it."""
    mounted = {
        "plain": {"SCRIPT_NAME": "/app"},
        "trailing-slash": {"SCRIPT_NAME": "/app/"},
        "slashes": {"SCRIPT_NAME": "//app"},
        "unicode": {"SCRIPT_NAME": "/\xc3\xa9"},
        "broken": {"SCRIPT_NAME": "/\xff"},
        "script-url": {"SCRIPT_NAME": "", "SCRIPT_URL": "/app//echo/"},
        "redirect-url": {"SCRIPT_NAME": "", "REDIRECT_URL": "/app/echo/"},
        "script-url-other": {"SCRIPT_NAME": "/x", "SCRIPT_URL": "/other"},
        "absent": {"SCRIPT_NAME": None},
        "path-absent": {"PATH_INFO": None},
        "forced": {"SCRIPT_NAME": "/app"},
    }
    for name, environ in mounted.items():
        for forced in (None, "", "/forced"):
            yield Scenario(
                f"script-name-{name}-forced-{forced!r}",
                path="/echo/",
                query="show=path,meta,uri",
                environ=environ,
                settings={"FORCE_SCRIPT_NAME": forced},
            )
    yield Scenario("script-name-in-views", path="/answer/prefix/", environ={"SCRIPT_NAME": "/app"})
    yield Scenario(
        "script-name-in-redirects", path="/answer/shortcut-redirect/", environ={"SCRIPT_NAME": "/app"}
    )


def addresses() -> Iterator[Scenario]:
    """`reverse` of every kind of route."""
    questions = {
        "path": "typed,1,b typed,a=1,b=x typed,1 typed,x,b typed,1,a/b slug,a uuid,x path,a/b%20c",
        "converter": "even,4 even,5 odd,s",
        "namespaces": "one:index two:index app:index one:number,4 app:number,number=4 nowhere:index index",
        "current": "app:index,current=one app:index,current=two one:index,current=two",
        "regex": "re,5 re mixed,a,5 mixed,word=a optional optional,5 optional,maybe=5 middle end",
        "included": "only track greedy,p=a x digit,5 digit,d=1 named,n=4,d=5",
        "doubles": "same,a=1 same,b=x same,1 same,x dup root",
        "quoting": "percent unicode,é odd,a:b@c=d odd,a;b,c odd,%2F",
        "unknown": "nowhere nowhere,1 ,",
        "callable": "tests.web.differential.specimen.echo",
    }
    for name, words in questions.items():
        query = "show=" + words.replace("%", "%25").replace("=", "%3D").replace(" ", "+").replace(";", "%3B")
        for prefix in ("", "/app"):
            yield Scenario(
                f"reverse-{name}-below-{prefix!r}",
                path="/addresses/",
                query=query,
                environ={"SCRIPT_NAME": prefix},
            )
