"""The whole site as a CGI script."""

import os
import re
import subprocess
import sys
from pathlib import Path

from penstock.config import CGIConfig
from penstock.wsgi.cgi import CGIDirectory

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "spc"
ENVIRON = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/cgi-bin",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost",
    "wsgi.input": None,
    "wsgi.url_scheme": "http",
}


def test_site_answers_as_a_script_with_addresses_below_it(tmp_path) -> None:
    variables = {"SPC_DATA": str(tmp_path), "PENSTOCK_SETTINGS_MODULE": "spc.settings"}
    command = [sys.executable, "-m", "penstock", "migrate"]
    subprocess.run(command, cwd=EXAMPLE, env=os.environ | variables, check=True, capture_output=True)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    variables |= {"PATH": path, "PYTHONPATH": str(ROOT / "src")}
    words = tuple(f"{name}={value}" for name, value in variables.items())
    application = CGIDirectory(EXAMPLE / "cgi-bin", CGIConfig(cgi_environment=words))

    def ask(path: str) -> tuple[str, bytes]:
        said = []
        chunks = application(ENVIRON | {"PATH_INFO": f"/spc.cgi{path}"}, lambda *head: said.append(head[0]))
        body = b"".join(chunks)
        chunks.close()
        return said[0], body

    status, page = ask("/log-in/")
    assert status == "200 OK"
    assert b'name="password"' in page
    assert b'<a class="name" href="/cgi-bin/spc.cgi/">' in page
    (sheet,) = re.findall(rb'<link rel="stylesheet" href="/cgi-bin/spc.cgi(/[^"]*)">', page)
    assert ask(sheet.decode()) == ("200 OK", (EXAMPLE / "spc" / "static" / "spc.css").read_bytes())
