"""docs/tutorial.md, followed to the letter: each file is written and each command run as it stands there.

Left out are the commands that make a virtual environment (the test has one) and those that serve (the test
does).
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.flows.harness import ROOT, clean_environment

pytestmark = pytest.mark.flow

BLOCK = re.compile(r"^```(sh|python|html)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w/]+\.(?:py|html))`")
ELSEWHERE = ("mkdir factory", "python3 -m venv", ". .venv", "pip install", "penstock serve", "PENSTOCK_STORE")


def follow(text: str, folder: Path) -> None:
    """Do what the text says, in a folder."""
    settings = {"PENSTOCK_SETTINGS_MODULE": "spc.settings"}
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    end = 0
    for block in BLOCK.finditer(text):
        language, content = block.groups()
        named = FILE.findall(text[end : block.start()])
        end = block.end()
        if language == "sh":
            lines = [line for line in content.splitlines() if not line.startswith(ELSEWHERE)]
            script = "set -e\n" + "\n".join(lines).replace("~/penstock", str(ROOT))
            environment = clean_environment({**settings, "PATH": path})
            subprocess.run(["sh", "-c", script], cwd=folder, env=environment, check=True)
        elif not named:
            replace_function(folder / "spc" / "views.py", content)
        elif named[-1].endswith("settings.py"):
            with (folder / named[-1]).open("a") as file:
                file.write("\n" + content)
        else:
            (folder / named[-1]).write_text(content)


def replace_function(path: Path, content: str) -> None:
    """Put a function into place that ends its file."""
    head, separator, _old = path.read_text().partition(content.splitlines()[0] + "\n")
    assert separator, content
    path.write_text(head + content)


@pytest.mark.timeout(400)
def test_tutorial_leads_from_an_empty_folder_to_a_chart_with_alarms(serve, connect, tmp_path) -> None:
    folder = tmp_path / "factory"
    folder.mkdir()
    to_the_chart, heading, to_the_quick_one = (ROOT / "docs" / "tutorial.md").read_text().partition("## 6.")
    assert heading

    def shows_alarms() -> None:
        environment = {"PENSTOCK_SETTINGS_MODULE": "spc.settings", "ALLOWED_HOSTS": "*"}
        words = ("spc.wsgi", "--chdir", str(folder), "-b", "127.0.0.1:0", "-w", "1")
        client = connect(serve(*words, bare=True, environment=environment))
        assert b"Latest alarms: 9986, 9988" in client.get("/charts/1/").body
        assert client.get("/charts/1/chart.svg").body.startswith(b"<svg")

    follow(to_the_chart, folder)
    shows_alarms()
    before = (folder / "spc" / "views.py").read_text()
    follow(to_the_quick_one, folder)
    assert (folder / "spc" / "views.py").read_text() != before
    shows_alarms()
