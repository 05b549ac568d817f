"""A folder of scripts, and requests to it without a server."""

import io

import pytest


@pytest.fixture
def cgi_bin(tmp_path):
    """Return a function that writes a script: (name, text, mode) -> its path."""
    folder = tmp_path / "cgi-bin"
    folder.mkdir()

    def write(name: str, text: str, mode: int = 0o755):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    write.folder = folder
    return write


@pytest.fixture
def ask():
    """Return a function that asks an application: (application, path, ...) -> (status, headers, body)."""

    def ask(application, path="/a.sh", *, query="", method="GET", body=b"", **more):
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        said = []
        chunks = application(environ | more, lambda status, headers: said.append((status, dict(headers))))
        try:
            whole = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        ((status, headers),) = said
        return status, headers, whole

    return ask
