"""The smallest WSGI application: no framework, no dependency.

penstock serve hello --chdir examples/hello
"""


def application(environ, start_response):
    """Greet whoever asks, by the path."""
    name = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace").strip("/") or "world"
    body = f"Hello, {name}!\n".encode()
    start_response(
        "200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    )
    return [body]
