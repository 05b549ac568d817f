"""A small Flask 3 site: a page, a form with a session, JSON, an upload, a streamed answer.

penstock serve "site_factory:create_app()" --chdir examples/flask_site
"""

import hashlib
import os
import threading
import time

from flask import Flask, Response, flash, jsonify, redirect, render_template, request, session, url_for

STREAM_LINES = 10_000


def create_app() -> Flask:
    """Make the application; every worker makes its own."""
    app = Flask(__name__)
    # All workers must sign sessions alike; a real site takes the key from its secrets and has no default.
    app.config["SECRET_KEY"] = os.environ.get("FLASK_SITE_SECRET", "only-for-this-example")
    app.config["MAX_CONTENT_LENGTH"] = 64 << 20

    @app.get("/")
    def start() -> str:
        session["visits"] = session.get("visits", 0) + 1
        answered = f"worker {os.getpid()}, {threading.current_thread().name}"
        return render_template(
            "start.html", answered=answered, visits=session["visits"], name=session.get("name")
        )

    @app.post("/name")
    def name() -> Response:
        session["name"] = request.form.get("name", "").strip()[:80]
        flash("Saved in your session.")
        return redirect(url_for("start"))

    @app.post("/upload")
    def upload() -> Response:
        sent = request.files["file"]
        digest = hashlib.sha256()
        size = 0
        while chunk := sent.stream.read(1 << 16):
            digest.update(chunk)
            size += len(chunk)
        return jsonify(name=sent.filename, size=size, sha256=digest.hexdigest())

    @app.post("/echo")
    def echo() -> Response:
        return jsonify(received=request.get_json())

    @app.get("/stream")
    def stream() -> Response:
        lines = (f"line {number} of {STREAM_LINES}\n" for number in range(1, STREAM_LINES + 1))
        return Response(lines, mimetype="text/plain")

    @app.get("/slow")
    def slow() -> str:
        seconds = min(max(request.args.get("seconds", 1.0, type=float), 0), 60)
        time.sleep(seconds)
        app.logger.warning("slept %s s on request", seconds)
        return f"slept {seconds:g} s\n"

    @app.get("/error")
    def error() -> str:
        raise RuntimeError("this page fails on purpose; the traceback is in the error log")

    return app
