from pathlib import Path

import pytest

from penstock.web.template import engines

ENGINE = "penstock.web.template.backends.jinja2.Jinja2"


@pytest.fixture
def templates(tmp_path: Path, override):
    """`templates(name="text", ...)` are the templates of a Jinja2 engine; dots in names are `__`."""

    def write(options=None, backend=ENGINE, **texts):
        for name, text in texts.items():
            path = tmp_path / name.replace("__", ".")
            path.write_text(text)
        override(TEMPLATES=[{"BACKEND": backend, "DIRS": [tmp_path], "OPTIONS": options or {}}])
        return tmp_path

    yield write
    engines.reset()
