"""docs/database.md is run: its site is made, migrated, tested."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.flows.harness import ROOT, clean_environment

PAGE = (ROOT / "docs/database.md").read_text()
FILES = re.findall(r"```python\n# (shop/\S+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def shop(tmp_path: Path):
    """The site of the page, in a folder; run a command there."""
    for name, text in [("shop/__init__.py", ""), *FILES]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=clean_environment({"PENSTOCK_SETTINGS_MODULE": "shop.settings"}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_page_has_the_files_of_a_site() -> None:
    names = [name for name, _ in FILES]
    assert names == [f"shop/{each}.py" for each in ("settings", "models", "views", "urls", "tests")]


def test_site_of_the_page_is_migrated_and_passes_its_tests(shop) -> None:
    assert "shop_0001_initial.py" in shop("-m", "penstock", "makemigrations")
    assert "+ shop_0001" in shop("-m", "penstock", "migrate")
    assert shop("-m", "penstock", "check") == "nothing found\n"
    assert "Ran 3 tests" in shop("-m", "unittest", "shop.tests")
    script = "import penstock.web; penstock.web.setup(); from shop import views; views.add_tool('etcher')"
    assert shop("-c", script) == "etcher is there\n"


def test_blocks_of_the_page_do_what_it_says(counter, count) -> None:
    (text,) = re.findall(r"```python\n(from penstock.web.db import transaction\n.*?)```", PAGE, re.DOTALL)
    from penstock.web import db  # noqa: PLC0415 - for this test alone

    def first() -> None:
        db.session().add(counter(id=1))

    def second() -> None:
        db.session().add(counter(id=2))
        db.session().flush()
        raise ValueError

    exec(text, {"first": first, "second": second})
    assert count() == 1
