"""The whole site as a CGI script."""

import os
import subprocess
import sys
from pathlib import Path

from penstock.config import CGIConfig
from penstock.wsgi.cgi import CGIDirectory

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "spc"


def test_site_answers_as_a_script_with_addresses_below_it(tmp_path) -> None:
    variables = {"SPC_DATA": str(tmp_path), "PENSTOCK_SETTINGS_MODULE": "spc.settings"}
    command = [sys.executable, "-m", "penstock", "migrate"]
    subprocess.run(command, cwd=EXAMPLE, env=os.environ | variables, check=True, capture_output=True)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    variables |= {"PATH": path, "PYTHONPATH": str(ROOT / "src")}
    words = tuple(f"{name}={value}" for name, value in variables.items())
    application = CGIDirectory(EXAMPLE / "cgi-bin", CGIConfig(cgi_environment=words))
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/cgi-bin",
        "PATH_INFO": "/spc.cgi/log-in/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.input": None,
        "wsgi.url_scheme": "http",
    }
    said = []
    chunks = application(environ, lambda status, headers: said.append(status))
    page = b"".join(chunks).decode()
    chunks.close()
    assert said == ["200 OK"]
    assert 'name="password"' in page
    assert '<a class="name" href="/cgi-bin/spc.cgi/">' in page
