"""Settings that would do in production, with the data of a demonstration.

DEBUG is off unless DJANGO_DEBUG=1. Static files (the admin's too) come from WhiteNoise, straight out of the
installed packages: no collectstatic before the first page, the same in both modes, and each file goes through
wsgi.file_wrapper, that is sendfile. (django.contrib.staticfiles' own view serves with DEBUG on only, and says
so.) A large site lets nginx serve them from STATIC_ROOT; see docs/deploying.md.

Everything that is written lies in DEMO_DATA, by default .run/django_site of the checkout.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

SITE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("DEMO_DATA", SITE.parent.parent / ".run" / SITE.name)).resolve()
DATA.mkdir(parents=True, exist_ok=True)


def _secret() -> str:
    # One key for all workers and all starts. Written aside and linked into place: several workers may ask at
    # once, and none may see half a key.
    path = DATA / "secret-key"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=DATA) as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(file.name)
    return path.read_text()


SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or _secret()
DEBUG = os.environ.get("DJANGO_DEBUG") == "1"
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    *filter(None, os.environ.get("DJANGO_HOSTS", "").split(",")),
]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if not host.startswith((".", "*"))]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "gallery",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "demo.urls"
WSGI_APPLICATION = "demo.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "site.sqlite3",
        "OPTIONS": {
            # Several workers write: no reader waits for a writer (WAL), a writer waits for the other.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

MEDIA_ROOT = DATA / "uploads"

# The proxy in front says https; penstock passes X-Forwarded-Proto on only from --trusted-proxies.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Django's loggers propagate to the root logger, which penstock writes to its error log with the request id.
LOGGING = {"version": 1, "disable_existing_loggers": False, "loggers": {"gallery": {"level": "INFO"}}}
