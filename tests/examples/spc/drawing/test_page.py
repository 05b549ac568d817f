"""The page of one file: by the application, by the Perl script, and by the application as a script."""

import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from spc import sample
from spc.drawing.page import ChartPage, read_subgroups

from penstock.config import CGIConfig
from penstock.wsgi.cgi import CGIDirectory

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "examples" / "spc"


@pytest.fixture
def csv(tmp_path) -> Path:
    """Write 400 subgroups of the sample, with a title that must be escaped."""
    chunk = next(sample.chunks(rows=400))
    path = tmp_path / "FUR <1> & co.csv"
    lines = [
        f"{at},{','.join(f'{value:g}' for value in values)}"
        for at, values in zip(chunk.times, chunk.values, strict=True)
        if not np.isnan(values).any()
    ]
    path.write_text("\n".join(["time,1,2,3,4,5", *lines, ""]))
    return path


def ask(application, path="/", **variables) -> tuple[str, str]:
    said = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SCRIPT_NAME": ""}
    chunks = application(
        environ | {"wsgi.input": None} | variables, lambda status, headers: said.append(status)
    )
    body = b"".join(chunks).decode()
    if hasattr(chunks, "close"):
        chunks.close()
    return said[0], body


def scripts(csv: Path) -> CGIDirectory:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = (f"SPC_CSV={csv}", f"PATH={path}", f"PYTHONPATH={ROOT / 'src'}")
    return CGIDirectory(EXAMPLE / "cgi-bin", CGIConfig(cgi_environment=variables))


def drawn(page: str) -> ET.Element:
    return ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])


def marks(page: str) -> list[str]:
    """Return what the tooltips of broken rules say."""
    return [
        text
        for text in (title.text for title in drawn(page).iter() if title.tag.endswith("title"))
        if text.startswith("point ")
    ]


def limits(page: str) -> list[float]:
    found = re.findall(r"<title>(?:upper|centre|lower)</title>(?:UCL|CL|LCL) ([-0-9.e]+)<", page)
    return [float(number) for number in found]


def test_page_shows_the_chart_of_the_file(csv) -> None:
    status, page = ask(ChartPage(csv))
    assert status == "200 OK"
    assert "<h1>FUR &lt;1&gt; &amp; co</h1>" in page
    assert f"<p>{len(csv.read_text().splitlines()) - 1} subgroups</p>" in page
    assert len(marks(page)) > 5


def test_perl_script_draws_the_same_chart(csv, require_program) -> None:
    require_program("perl")
    _, ours = ask(ChartPage(csv))
    status, theirs = ask(scripts(csv), "/chart.pl")
    assert status == "200 OK"
    assert limits(theirs) == pytest.approx(limits(ours), rel=2e-4, abs=1e-9)
    assert marks(theirs) == marks(ours)
    assert "<h1>FUR &#60;1&#62; &#38; co</h1>" in theirs


def test_application_as_a_script_answers_the_same_page(csv) -> None:
    assert ask(scripts(csv), "/page.cgi") == ask(ChartPage(csv))


def test_kept_page_is_drawn_anew_when_its_file_changes(csv) -> None:
    page = ChartPage(csv, is_kept=True)
    first = ask(page)
    kept = page._drawn
    assert ask(page) == first
    assert page._drawn is kept
    csv.write_text("\n".join(csv.read_text().splitlines()[:51]))
    assert "<p>50 subgroups</p>" in ask(page)[1]


def test_empty_cell_is_a_missing_measurement(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("time,1,2\n2025-01-01,1.5,\n2025-01-02,2,3\n")
    assert read_subgroups(tmp_path / "a.csv") == pytest.approx(np.array([[1.5, np.nan], [2, 3]]), nan_ok=True)
