"""Django's admin clicked through in a headless Chromium, served by penstock.

Screenshots are kept in .cache/flows, so that a person can look at what the tests have seen.
"""

import hashlib
import subprocess
import sys

import pytest
from tests.flows.browser import Browser
from tests.flows.harness import ROOT, clean_environment

pytestmark = pytest.mark.flow

SITE = ROOT / "examples" / "django_site"
SCREENSHOTS = ROOT / ".cache" / "flows"


@pytest.fixture
def site(serve, tmp_path):
    """Serve the example with a database of its own."""
    environment = {"DEMO_DATA": str(tmp_path / "data")}
    command = [sys.executable, str(SITE / "manage.py"), "prepare"]
    subprocess.run(command, env=clean_environment(environment), check=True, capture_output=True)
    words = ("demo.wsgi", "--chdir", str(SITE), "-b", "127.0.0.1:0", "-w", "2")
    return serve(*words, bare=True, environment=environment)


@pytest.fixture
def browser(require_program, tmp_path):
    program = require_program("chromium", "chromium-browser", "google-chrome")
    folder = tmp_path / "browser"
    folder.mkdir()
    with Browser(program, folder) as browser:
        yield browser


@pytest.mark.timeout(240)
def test_admin_can_be_clicked_through(site, browser, tmp_path) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def keep(name: str) -> None:
        browser.screenshot(SCREENSHOTS / f"{name}.png")

    browser.visit(site.url)
    keep("1-start")
    browser.click("a[href='/admin/']", loads=True)
    browser.type("#id_username", "admin")
    browser.type("#id_password", "admin")
    keep("2-login")
    browser.click("input[type=submit]", loads=True)
    assert "Site administration" in browser.text()
    keep("3-index")

    browser.click("a[href='/admin/auth/user/add/']", loads=True)
    browser.type("#id_username", "marie")
    browser.type("#id_password1", "radium-and-polonium")
    browser.type("#id_password2", "radium-and-polonium")
    keep("4-add-user")
    browser.click("input[name=_save]", loads=True)
    assert "was added successfully" in browser.text(".messagelist")
    browser.type("#id_first_name", "Zoë")
    browser.click("input[name=_save]", loads=True)
    assert "marie" in browser.texts("#result_list .field-username")
    keep("5-users")

    upload = tmp_path / "numbers.bin"
    upload.write_bytes(bytes(range(256)) * 12_000)
    browser.visit(f"{site.url}/admin/gallery/storedfile/add/")
    browser.type("#id_name", "through the admin")
    browser.choose_file("#id_file", upload)
    browser.click("input[name=_save]", loads=True)
    assert "was added successfully" in browser.text(".messagelist")
    keep("6-stored-files")

    browser.visit(f"{site.url}/files/")
    browser.choose_file("#id_file", upload)
    browser.click("form button", loads=True)
    assert "3072000 bytes stored" in browser.text("[role=status]")
    digest = hashlib.sha256(upload.read_bytes()).hexdigest()
    assert browser.texts("td code") == [digest, digest]
    keep("7-uploaded")
    stored = browser.download("td a")
    assert stored.read_bytes() == upload.read_bytes()

    browser.click("p a[href='/']", loads=True)
    report = browser.download("a[href='/report.csv']").read_text().splitlines()
    assert len(report) == 100_001
    assert report[-1] == f"100000,reading 100000,{100_000 * 100_000 % 9973}"

    browser.visit(f"{site.url}/admin/")
    browser.click("#logout-form button", loads=True)
    assert "Logged out" in browser.text()
    keep("8-logged-out")
    browser.visit(f"{site.url}/admin/")
    assert "/admin/login/" in browser.address()
    # Browsers ask for an icon that the admin does not have.
    assert [fault for fault in browser.faults if "favicon.ico" not in fault] == []
    site.is_noise_expected = True
    assert [line for line in site.noise() if "Not Found: /favicon.ico" not in line] == []
    assert site.stop() == 0
    lines = site.accesses()
    assert {line.outcome for line in lines} == {"complete"}
    assert not [line for line in lines if line.status >= 500]
