"""Run some of Django's test modules against penstock.web, in this process, and write the outcome as JSON.

usage: run.py TESTS OUT LABEL ...      e.g. run.py .cache/django-suite/django-5.2.19/tests out.json handlers

In:     the folder of Django's tests; dotted names of packages or modules in it.
Out:    {"tests": {id: [outcome, why]}, "unloaded": {module: why}, "gaps": {name: count}}
        with the outcomes pass, skip, fail, error, gap.
Never:  judges what should pass: test_django_suite.py does.
"""

import copy
import fnmatch
import importlib
import io
import json
import logging
import os
import sys
import traceback
import unittest
import warnings
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
LISTS = HERE / "lists"
PACKAGE = "penstock.web"


def listed(name: str) -> list[str]:
    """The lines of a list, without comments."""
    lines = ((LISTS / name).read_text()).splitlines()
    return [text for line in lines if (text := line.split("#")[0].strip())]


def skips() -> dict[str, str]:
    """Patterns of test ids that are not run, and why."""
    lines = (LISTS / "skips.txt").read_text().splitlines()
    pairs = (line.partition("#") for line in lines if not line.startswith("#"))
    return {pattern.strip(): why.strip() for pattern, _, why in pairs if pattern.strip()}


def configure(tests: Path, labels: list[str]) -> None:
    """Set what Django's own runner sets, less the parts that are not here."""
    folders = sorted({label.split(".")[0] for label in labels})
    templates = [tests / "templates", *(tests / folder / "templates" for folder in folders)]
    jinja_templates = [tests / folder / "jinja2" for folder in folders]
    conf = importlib.import_module(f"{PACKAGE}.conf")
    logs = copy.deepcopy(importlib.import_module(f"{PACKAGE}.utils.log").DEFAULT_LOGGING)
    logs["loggers"][PACKAGE]["level"] = "ERROR"
    conf.settings.configure(
        LOGGING=logs,
        SECRET_KEY="django_tests_secret_key",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF="urls",
        USE_TZ=False,
        LANGUAGE_CODE="en",
        STATIC_URL="static/",
        EMAIL_BACKEND=f"{PACKAGE}.core.mail.backends.locmem.EmailBackend",
        MIDDLEWARE=[
            f"{PACKAGE}.contrib.sessions.middleware.SessionMiddleware",
            f"{PACKAGE}.middleware.common.CommonMiddleware",
            f"{PACKAGE}.middleware.csrf.CsrfViewMiddleware",
        ],
        SESSION_ENGINE=f"{PACKAGE}.contrib.sessions.backends.cache",
        TEMPLATES=[_engine("django", templates), _engine("jinja2", jinja_templates)],
    )
    importlib.import_module(PACKAGE).setup()
    logging.getLogger(PACKAGE).setLevel("ERROR")


def _engine(name: str, folders: list[Path]) -> dict[str, object]:
    return {
        "BACKEND": f"{PACKAGE}.template.backends.jinja2.Jinja2",
        "NAME": name,
        "DIRS": [str(folder) for folder in folders if folder.is_dir()],
        "OPTIONS": {
            "context_processors": [f"{PACKAGE}.template.context_processors.request"],
            "environment": "djshim.template.environment",
            "keep_trailing_newline": True,
        },
    }


def module_names(tests: Path, label: str) -> Iterator[str]:
    """The test modules that a label stands for."""
    folder = tests.joinpath(*label.split("."))
    if not folder.is_dir():
        yield label
    for path in sorted(folder.rglob("test*.py")) if folder.is_dir() else ():
        yield ".".join(path.relative_to(tests).with_suffix("").parts)


def flatten(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """The tests of a suite of suites."""
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from flatten(each)
        else:
            yield each


class Collection:
    """The tests of some labels."""

    def __init__(self) -> None:
        self.suite = unittest.TestSuite()
        self.unloaded: dict[str, str] = {}
        self._seen: set[str] = set()
        self._skips = skips()

    def load(self, name: str) -> None:
        """Import one test module and take its tests."""
        try:
            tests = list(flatten(unittest.TestLoader().loadTestsFromName(name)))
        except unittest.SkipTest:
            return
        except BaseException as error:  # noqa: BLE001  # whatever stops a module from loading is an outcome
            self.unloaded[name] = "".join(traceback.format_exception(error)[-4:])
            return
        for test in tests:
            self._add(name, test)

    def _add(self, name: str, test: unittest.TestCase) -> None:
        if type(test).__name__ == "_FailedTest":
            self.unloaded[name] = str(test._exception)[-900:]
            return
        try:
            test_id = test.id()
        except AttributeError:  # a class that derives from a part that is not there
            return
        if test_id in self._seen:
            return
        self._seen.add(test_id)
        why = next((why for mask, why in self._skips.items() if fnmatch.fnmatchcase(test_id, mask)), None)
        if why is not None:
            setattr(test, test._testMethodName, unittest.skip(why)(lambda *args, **kwargs: None))
        self.suite.addTest(test)


class Outcomes(unittest.TextTestResult):
    """Notes one outcome per test; a skip anywhere in a test counts as one of it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.by_id = {}

    def addSuccess(self, test):  # noqa: N802  # unittest's name
        super().addSuccess(test)
        self.by_id[test.id()] = ("pass", "")

    def addExpectedFailure(self, test, err):  # noqa: N802  # unittest's name
        super().addExpectedFailure(test, err)
        self.by_id[test.id()] = ("pass", "as expected, it failed")

    def addSkip(self, test, reason):  # noqa: N802  # unittest's name
        super().addSkip(test, reason)
        self.by_id[test.id()] = ("skip", reason)

    def addError(self, test, err):  # noqa: N802  # unittest's name
        if not issubclass(err[0], unittest.SkipTest):
            super().addError(test, err)
        self._note(test, err, "error")

    def addFailure(self, test, err):  # noqa: N802  # unittest's name
        super().addFailure(test, err)
        self._note(test, err, "fail")

    def addSubTest(self, test, subtest, err):  # noqa: N802  # unittest's name
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note(test, err, "fail")

    def _note(self, test, err, outcome):
        kind, error, _ = err
        if issubclass(kind, unittest.SkipTest):
            self.addSkip(test, str(error))
        elif getattr(test, "_dj_tainted", False) and issubclass(kind, AttributeError):
            self.addSkip(test, "needs setUpTestData")
        else:
            name = "gap" if kind.__name__ == "GapError" else outcome
            self.by_id[test.id()] = (name, f"{kind.__name__}: {error}"[:400])


def main(tests: Path, out: Path, labels: list[str]) -> None:
    """Run the tests of the labels and write what became of them."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(HERE))
    os.environ["DJ_PKG"] = PACKAGE
    # Late, and by these short names: they must be the modules that the stand-in's files import.
    from absent import Missing, gaps  # noqa: PLC0415
    from rewrite import Rewriter  # noqa: PLC0415

    rewriter = Rewriter(tests, listed("absent.txt"))
    rewriter.install()
    configure(tests, labels)
    rewriter.fill_in()
    collection = Collection()
    for name in [name for label in labels for name in module_names(tests, label)]:
        collection.load(name)
    Missing.loading = False
    warnings.simplefilter("default")
    runner = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0, resultclass=Outcomes)
    outcomes = runner.run(collection.suite)
    out.write_text(json.dumps({"tests": outcomes.by_id, "unloaded": collection.unloaded, "gaps": gaps}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
