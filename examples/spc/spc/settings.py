"""Settings of the site. Everything it writes lies in SPC_DATA, by default .run/spc of the checkout.

Environment: SPC_DATA, SPC_DATABASE (a URL; SQLite in SPC_DATA by default), SPC_HOSTS (more names of this
site, separated by commas), SPC_SECRET_KEY, SPC_HTTPS=1 (cookies for HTTPS only), SPC_DEBUG=1.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("SPC_DATA", PACKAGE.parent.parent.parent / ".run" / "spc")).resolve()
DATA.mkdir(parents=True, exist_ok=True)


def _secret() -> str:
    # One key for all workers and all starts. Written aside and linked into place: several processes may ask
    # at once, and none may see half a key.
    path = DATA / "secret-key"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=DATA) as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(file.name)
    return path.read_text()


SECRET_KEY = os.environ.get("SPC_SECRET_KEY") or _secret()
DEBUG = os.environ.get("SPC_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *filter(None, os.environ.get("SPC_HOSTS", "").split(","))]

INSTALLED_APPS = ["penstock.web.contrib.sessions", "spc"]
MIDDLEWARE = [
    "penstock.web.middleware.security.SecurityMiddleware",
    "spc.policy.ContentSecurityPolicyMiddleware",
    "penstock.web.contrib.sessions.middleware.SessionMiddleware",
    "penstock.web.middleware.common.CommonMiddleware",
    "spc.account.middleware.UserMiddleware",
    "spc.imports.size.UploadSizeMiddleware",  # above the CSRF check, which reads the form
    "penstock.web.middleware.csrf.CsrfViewMiddleware",
    "penstock.web.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "spc.urls"
WSGI_APPLICATION = "spc.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "penstock.web.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / "templates"],
        "OPTIONS": {
            "environment": "spc.templating.environment",
            "context_processors": ["spc.account.middleware.user", "spc.notices.notices"],
        },
    }
]

DATABASES = {"default": {"URL": os.environ.get("SPC_DATABASE", f"sqlite:///{DATA / 'spc.sqlite3'}")}}

SESSION_ENGINE = "penstock.web.contrib.sessions.backends.db"  # several machines may share them
SESSION_COOKIE_AGE = 12 * 3600  # a shift
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("SPC_HTTPS") == "1"
SECURE_PROXY_SSL_HEADER = (
    "HTTP_X_FORWARDED_PROTO",
    "https",
)  # penstock passes it on from --trusted-proxies only

STATIC_URL = "static/"  # below the script name, where the site is a script
STATIC_ROOT = PACKAGE / "static"

# A file is not copied again when it moves from the upload to its import: both lie on one file system.
FILE_UPLOAD_TEMP_DIR = DATA / "uploads"
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)
FILE_UPLOAD_HANDLERS = ["penstock.web.core.files.uploadhandler.TemporaryFileUploadHandler"]
SPC_MAX_UPLOAD_BYTES = 200 * 1024 * 1024

LOGIN_REDIRECT_URL = "/"
CSRF_FAILURE_VIEW = "spc.views.fault.forbidden"

USE_TZ = True
TIME_ZONE = "UTC"
LOGGING = {"version": 1, "disable_existing_loggers": False, "loggers": {"spc": {"level": "INFO"}}}
