"""Public middlewares for Django work once their imports are rewritten; docs/from-django.md lists them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "rewriting.py"


def ask(packages, settings, *requests):
    question = {"packages": packages, "settings": settings, "requests": requests}
    environment = {name: value for name, value in os.environ.items() if not name.endswith("SETTINGS_MODULE")}
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        input=json.dumps(question), capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["django"] is False
    return answer["answers"]


def test_cors_headers_answers_preflight_and_marks_responses():
    pytest.importorskip("corsheaders", reason="django-cors-headers is not installed", exc_type=ImportError)
    settings = {
        "INSTALLED_APPS": ["corsheaders"],
        "MIDDLEWARE": [
            "corsheaders.middleware.CorsMiddleware",
            "penstock.web.middleware.common.CommonMiddleware",
        ],
        "CORS_ALLOWED_ORIGINS": ["https://app.example"],
    }
    origin = {"origin": "https://app.example"}
    preflight, allowed, refused = ask(
        ["corsheaders"],
        settings,
        ["OPTIONS", "/api/", {**origin, "access-control-request-method": "PUT"}],
        ["GET", "/api/", origin],
        ["GET", "/api/", {"origin": "https://evil.example"}],
    )
    assert "PUT" in preflight[1]["access-control-allow-methods"]
    assert allowed[1]["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in refused[1]


def test_whitenoise_serves_a_file_and_lets_views_answer(tmp_path):
    pytest.importorskip("whitenoise")
    (tmp_path / "site.css").write_text("body {}")
    settings = {
        "MIDDLEWARE": ["whitenoise.middleware.WhiteNoiseMiddleware"],
        "STATIC_URL": "/static/",
        "STATIC_ROOT": str(tmp_path),
    }
    file, view = ask(["whitenoise"], settings, ["GET", "/static/site.css", {}], ["GET", "/", {}])
    assert (file[0], file[2]) == (200, "body {}")
    assert file[1]["Cache-Control"].startswith("max-age=")
    assert view[0] == 200


def test_guid_takes_over_the_request_id_and_returns_it():
    pytest.importorskip("django_guid", reason="django-guid is not installed", exc_type=ImportError)
    settings = {
        "INSTALLED_APPS": ["django_guid"],
        "MIDDLEWARE": ["django_guid.middleware.guid_middleware"],
        "DJANGO_GUID": {"GUID_HEADER_NAME": "X-Request-ID", "VALIDATE_GUID": True, "RETURN_HEADER": True},
    }
    own, given = ask(
        ["django_guid"],
        settings,
        ["GET", "/", {}],
        ["GET", "/", {"x-request-id": "0f2a4c1e9b7d4f0e8a6c5b3d2e1f0a9b"}],
    )
    assert len(own[1]["X-Request-ID"]) == 32
    assert given[1]["X-Request-ID"] == "0f2a4c1e9b7d4f0e8a6c5b3d2e1f0a9b"


def test_csp_sets_its_policy():
    pytest.importorskip("csp", reason="django-csp is not installed", exc_type=ImportError)
    settings = {
        "INSTALLED_APPS": ["csp"],
        "MIDDLEWARE": ["csp.middleware.CSPMiddleware"],
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"default-src": ["'self'"]}},
    }
    (answer,) = ask(["csp"], settings, ["GET", "/", {}])
    assert answer[1]["Content-Security-Policy"] == "default-src 'self'"


def test_permissions_policy_is_set():
    pytest.importorskip("django_permissions_policy", reason="it is not installed", exc_type=ImportError)
    settings = {
        "MIDDLEWARE": ["django_permissions_policy.PermissionsPolicyMiddleware"],
        "PERMISSIONS_POLICY": {"camera": []},
    }
    (answer,) = ask(["django_permissions_policy"], settings, ["GET", "/", {}])
    assert answer[1]["Permissions-Policy"] == "camera=()"
