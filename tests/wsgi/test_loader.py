import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.wsgi.loader import ApplicationLoadError, load_application

GOOD = "def application(environ, start_response):\n    return [b'application']\n"
APP = "def app(environ, start_response):\n    return [b'app']\n"
Write = Callable[..., None]


@pytest.fixture(name="write")
def _write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write files below a fresh current directory; forget the modules that were imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    known = set(sys.modules)

    def write(**files: str) -> None:
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    yield write
    for name in set(sys.modules) - known:
        del sys.modules[name]


def answer_of(target: str) -> list[bytes]:
    return list(load_application(target)({}, lambda *_: lambda _data: None))


def complaint_about(target: str) -> str:
    with pytest.raises(ApplicationLoadError) as caught:
        load_application(target)
    message = str(caught.value)
    assert "\n" not in message
    return message


# What is found


@pytest.mark.parametrize(
    ("target", "body"),
    [
        pytest.param("site_a", b"application", id="module-application"),
        pytest.param("site_b", b"app", id="module-app"),
        pytest.param("site_b:app", b"app", id="attribute"),
        pytest.param("site_c:holder.app", b"held", id="dotted-attribute"),
        pytest.param("site_c:make()", b"made", id="factory"),
        pytest.param("site_c:make('x', suffix='y')", b"xy", id="factory-with-literals"),
        pytest.param("site_c:holder.make()", b"made", id="dotted-factory"),
        pytest.param("site_c:Instance()", b"instance", id="class-called"),
        pytest.param("site_c:LAZY", b"lazy", id="module-getattr"),
        pytest.param("package.inner", b"application", id="package"),
        pytest.param("site_a.py", b"application", id="file"),
        pytest.param("./package/inner.py:application", b"application", id="file-and-attribute"),
    ],
)
def test_application_is_found_from_the_current_directory(write: Write, target: str, body: bytes) -> None:
    write(
        site_a=GOOD,
        site_b=APP,
        **{"package/inner": GOOD},
        site_c=(
            "class holder:\n"
            "    app = staticmethod(lambda environ, start_response: [b'held'])\n"
            "    make = staticmethod(lambda: lambda environ, start_response: [b'made'])\n"
            "def make(body='made', suffix=''):\n"
            "    return lambda environ, start_response: [(body + suffix).encode()]\n"
            "class Instance:\n"
            "    def __call__(self, environ, start_response):\n"
            "        return [b'instance']\n"
            "def __getattr__(name):\n"
            "    if name == 'LAZY':\n"
            "        return lambda environ, start_response: [b'lazy']\n"
            "    raise AttributeError(name)\n"
        ),
    )
    assert answer_of(target) == [body]


def test_file_finds_the_modules_beside_it(write: Write) -> None:
    write(**{"deep/main": "from beside import application\n", "deep/beside": GOOD})
    assert answer_of("deep/main.py") == [b"application"]


def test_callable_written_in_c_is_taken_as_it_is(write: Write) -> None:
    write(mysite="application = type\n")
    assert load_application("mysite") is type


def test_class_whose_instances_are_iterables_is_an_application(write: Write) -> None:
    write(
        mysite=(
            "class application:\n"
            "    def __init__(self, environ, start_response):\n        pass\n"
            "    def __iter__(self):\n        yield b'x'\n"
        )
    )
    assert answer_of("mysite") == [b"x"]


# What is not there


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param(
            "mysite.wsgy",
            "cannot find module 'mysite.wsgy' from {here} (did you mean 'mysite.wsgi'?)",
            id="submodule",
        ),
        pytest.param(
            "mysit.wsgi",
            "cannot find module 'mysit' from {here} (did you mean 'mysite.wsgi'?)",
            id="package",
        ),
        pytest.param(
            "mysite.wsgi.application",
            "cannot find module 'mysite.wsgi.application' from {here} "
            "(did you mean 'mysite.wsgi:application'?)",
            id="dot-for-colon",
        ),
        pytest.param(
            "namespac.wsgi",
            "cannot find module 'namespac' from {here} (did you mean 'namespace.wsgi'?)",
            id="package-without-init",
        ),
        pytest.param("zzz", "cannot find module 'zzz' from {here}", id="nothing-like-it"),
        pytest.param(
            "mysite.wsgi:aplication",
            "'mysite.wsgi' has no attribute 'aplication' (did you mean 'application'?)",
            id="attribute",
        ),
        pytest.param(
            "mysite.wsgi:application.inner",
            "'mysite.wsgi.application' has no attribute 'inner'",
            id="inner-attribute",
        ),
        pytest.param(
            "mysite",
            "module 'mysite' has neither 'application' nor 'app' (did you mean 'mysite.wsgi'?)",
            id="package-of-a-project",
        ),
        pytest.param(
            "factories",
            "module 'factories' has neither 'application' nor 'app' (did you mean 'factories:create_app()'?)",
            id="factory",
        ),
        pytest.param(
            "names",
            "module 'names' has neither 'application' nor 'app' (did you mean 'names:my_app'?)",
            id="other-name",
        ),
        pytest.param("bare", "module 'bare' has neither 'application' nor 'app'", id="nothing-in-it"),
        pytest.param(
            "mysite/wsgi",
            "cannot find file 'mysite/wsgi' from {here} (did you mean 'mysite/wsgi.py'?)",
            id="file-without-ending",
        ),
        pytest.param(
            "mysite/wsgy.py",
            "cannot find file 'mysite/wsgy.py' from {here} (did you mean 'wsgi.py'?)",
            id="file",
        ),
        pytest.param(
            "mysite/",
            "cannot find file 'mysite/' from {here} (that is a folder; expected a .py file)",
            id="folder",
        ),
        pytest.param("no/such.py", "cannot find file 'no/such.py' from {here}", id="file-in-no-folder"),
        pytest.param(
            "my-site",
            "application 'my-site': 'my-site' is no module name; expected e.g. mysite.wsgi",
            id="no-name",
        ),
        pytest.param(
            ":app",
            "application ':app'; expected module, module:attribute, module:factory() or a path to a file",
            id="no-module",
        ),
    ],
)
def test_what_is_not_there_is_named_with_a_hint(write: Write, target: str, message: str) -> None:
    write(
        **{"mysite/__init__": "", "mysite/wsgi": GOOD, "namespace/wsgi": GOOD},
        factories="def create_app():\n    pass\n",
        names="def my_app(environ, start_response):\n    return []\n",
        bare="x = 1\n",
    )
    assert complaint_about(target) == message.format(here=os.getcwd())


def test_module_that_another_one_hides_is_named_with_its_file(write: Write) -> None:
    write(this_is_not_read=GOOD)
    message = complaint_about("colorsys")
    assert (
        message
        == f"module 'colorsys' ({sys.modules['colorsys'].__file__}) has neither 'application' nor 'app'"
    )


def test_file_that_is_no_python_is_refused(write: Write, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "site.txt").write_text("")
    assert (
        complaint_about("folder/site.txt")
        == "cannot import 'folder/site.txt'; expected a file that ends in .py"
    )


# What is there and fails


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param(
            "import os\nimport missing_package\n",
            "at mysite.py:2: ModuleNotFoundError: No module named 'missing_package'",
            id="missing-import",
        ),
        pytest.param(
            "from os import nothing_like_it\n",
            "at mysite.py:1: ImportError: cannot import name 'nothing_like_it' from 'os'",
            id="missing-name",
        ),
        pytest.param("x = 1\ny = (\n", "at mysite.py:2: SyntaxError: '(' was never closed", id="syntax"),
        pytest.param(
            "def f():\n    raise RuntimeError('two\\nlines')\nf()\n",
            "at mysite.py:2: RuntimeError: two lines",
            id="error",
        ),
        pytest.param("raise SystemExit\n", "at mysite.py:1: SystemExit", id="exit"),
        pytest.param("import helper\n", "at helper.py:1: ZeroDivisionError: ", id="deeper"),
    ],
)
@pytest.mark.parametrize("target", ["mysite", "mysite.py"])
def test_import_that_fails_shows_where(write: Write, target: str, text: str, where: str) -> None:
    write(helper="1 / 0\n", mysite=text)
    message = complaint_about(target)
    assert message.startswith(f"importing {target!r} failed {where}")
    assert "mysite" not in sys.modules


def test_current_directory_is_put_on_the_path_once(write: Write, tmp_path: Path) -> None:
    write(one=GOOD, two=GOOD)
    load_application("one")
    load_application("two")
    assert sys.path.count(str(tmp_path)) == 1


def test_failure_keeps_its_cause_for_the_traceback(write: Write) -> None:
    write(mysite="1 / 0\n")
    with pytest.raises(ApplicationLoadError) as caught:
        load_application("mysite")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_failure_far_from_here_shows_its_whole_path(
    write: Write, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "far.py"
    elsewhere.write_text("1 / 0\n")
    assert f" at {elsewhere}:1: ZeroDivisionError" in complaint_about(str(elsewhere))


def test_factory_that_fails_shows_where(write: Write) -> None:
    write(mysite="def make():\n    raise KeyError('SECRET_KEY')\n")
    message = complaint_about("mysite:make()")
    assert message == "factory 'mysite:make()' failed at mysite.py:2: KeyError: 'SECRET_KEY'"


def test_factory_called_wrongly_is_named(write: Write) -> None:
    write(mysite="def make(name):\n    pass\n")
    message = complaint_about("mysite:make()")
    assert re.fullmatch(r"factory 'mysite:make\(\)' failed TypeError: make\(\) missing 1 .*", message)


# What is there and is no application


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param("mysite:NUMBER", "is a int; expected a callable", id="number"),
        pytest.param("mysite:make_nothing()", "is None; expected a callable", id="factory-of-None"),
        pytest.param("mysite:NUMBER()", ": a int cannot be called", id="number-called"),
        pytest.param(
            "mysite:asgi", "is asynchronous (ASGI); expected a WSGI callable", id="asynchronous-function"
        ),
        pytest.param(
            "mysite:ASGI()", "is asynchronous (ASGI); expected a WSGI callable", id="asynchronous-object"
        ),
        pytest.param(
            "mysite:make_nothing",
            "cannot be called with (environ, start_response) (a factory? then add parentheses)",
            id="factory-not-called",
        ),
        pytest.param("mysite:Plain", "cannot be called with (environ, start_response)", id="class"),
    ],
)
def test_what_is_no_application_is_refused(write: Write, target: str, message: str) -> None:
    write(
        mysite=(
            "NUMBER = 5\n"
            "def make_nothing():\n    return None\n"
            "async def asgi(scope, receive, send):\n    pass\n"
            "class ASGI:\n    async def __call__(self, scope, receive, send):\n        pass\n"
            "class Plain:\n    def __init__(self):\n        pass\n"
        )
    )
    assert complaint_about(target).endswith(message)


@pytest.mark.parametrize(
    "expression",
    ["1", "a b", "make(", "make(NAME)", "make()()", "[0]", "a.b[0]", "make(**{'a': NAME})"],
)
def test_expression_that_is_neither_name_nor_call_is_refused(write: Write, expression: str) -> None:
    write(mysite=GOOD)
    message = complaint_about(f"mysite:{expression}")
    assert message.endswith("expected attribute or factory(), with literal arguments")
