"""What each setting is when nobody sets it.

The names of Django 5.2 and their values, those of its absent parts included: a settings module of a Django
project is read without complaint, and a misspelt name is told from a real one by not being here.

In:     nothing.
Out:    upper-case constants, by subject.
Never:  looks at the environment; never changes.

Rules:  Django's values, but for what cannot be the same here: SESSION_ENGINE (not every site has a database;
        files keep a session on the server, too), LANGUAGES (there are no catalogues), PASSWORD_HASHERS
        (there is no auth) and EMAIL_SUBJECT_PREFIX.
"""

from typing import Any, Final

_here: Final = "penstock.web"

# -- what a project must think about -------------------------------------------------------------------------
DEBUG: Final = False
SECRET_KEY: Final = ""
SECRET_KEY_FALLBACKS: Final[list[str]] = []
ALLOWED_HOSTS: Final[list[str]] = []
INSTALLED_APPS: Final[list[str]] = []
MIDDLEWARE: Final[list[str]] = []
TEMPLATES: Final[list[dict[str, Any]]] = []
WSGI_APPLICATION: Final[str | None] = None
DEBUG_PROPAGATE_EXCEPTIONS: Final = False
SILENCED_SYSTEM_CHECKS: Final[list[str]] = []

# -- addresses: how a request's host, scheme and path are read -----------------------------------------------
APPEND_SLASH: Final = True
PREPEND_WWW: Final = False
FORCE_SCRIPT_NAME: Final[str | None] = None
USE_X_FORWARDED_HOST: Final = False
USE_X_FORWARDED_PORT: Final = False
INTERNAL_IPS: Final[list[str]] = []
DISALLOWED_USER_AGENTS: Final[list[Any]] = []
IGNORABLE_404_URLS: Final[list[Any]] = []
ABSOLUTE_URL_OVERRIDES: Final[dict[str, Any]] = {}
DEFAULT_CHARSET: Final = "utf-8"

# -- request bodies (bytes, counts, permission bits) ---------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE: Final = 2_621_440
FILE_UPLOAD_MAX_MEMORY_SIZE: Final = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS: Final = 1000
DATA_UPLOAD_MAX_NUMBER_FILES: Final = 100
FILE_UPLOAD_TEMP_DIR: Final[str | None] = None
FILE_UPLOAD_PERMISSIONS: Final = 0o644
FILE_UPLOAD_DIRECTORY_PERMISSIONS: Final[int | None] = None
FILE_UPLOAD_HANDLERS: Final = [
    f"{_here}.core.files.uploadhandler.{kind}FileUploadHandler" for kind in ("Memory", "Temporary")
]

# -- transport security, as SecurityMiddleware and XFrameOptionsMiddleware announce it -----------------------
SECURE_SSL_REDIRECT: Final = False
SECURE_SSL_HOST: Final[str | None] = None
SECURE_REDIRECT_EXEMPT: Final[list[str]] = []
SECURE_PROXY_SSL_HEADER: Final[tuple[str, str] | None] = None
SECURE_HSTS_SECONDS: Final = 0
SECURE_HSTS_PRELOAD: Final = False
SECURE_HSTS_INCLUDE_SUBDOMAINS: Final = False
SECURE_CONTENT_TYPE_NOSNIFF: Final = True
SECURE_REFERRER_POLICY: Final = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY: Final = "same-origin"
X_FRAME_OPTIONS: Final = "DENY"

# -- signatures ----------------------------------------------------------------------------------------------
SIGNING_BACKEND: Final = f"{_here}.core.signing.TimestampSigner"
SIGNED_COOKIE_LEGACY_SALT_FALLBACK: Final = True

# -- the csrf cookie (ages in seconds) -----------------------------------------------------------------------
CSRF_TRUSTED_ORIGINS: Final[list[str]] = []
CSRF_USE_SESSIONS: Final = False
CSRF_FAILURE_VIEW: Final = f"{_here}.views.csrf.csrf_failure"
CSRF_HEADER_NAME: Final = "HTTP_X_CSRFTOKEN"
CSRF_COOKIE_NAME: Final = "csrftoken"
CSRF_COOKIE_AGE: Final = 52 * 7 * 24 * 3600
CSRF_COOKIE_DOMAIN: Final[str | None] = None
CSRF_COOKIE_PATH: Final = "/"
CSRF_COOKIE_SAMESITE: Final = "Lax"
CSRF_COOKIE_HTTPONLY: Final = False
CSRF_COOKIE_SECURE: Final = False

# -- sessions (ages in seconds) ------------------------------------------------------------------------------
SESSION_ENGINE: Final = f"{_here}.contrib.sessions.backends.file"
SESSION_SERIALIZER: Final = f"{_here}.contrib.sessions.serializers.JSONSerializer"
SESSION_CACHE_ALIAS: Final = "default"
SESSION_FILE_PATH: Final[str | None] = None
SESSION_SAVE_EVERY_REQUEST: Final = False
SESSION_EXPIRE_AT_BROWSER_CLOSE: Final = False
SESSION_COOKIE_NAME: Final = "sessionid"
SESSION_COOKIE_AGE: Final = 14 * 24 * 3600
SESSION_COOKIE_DOMAIN: Final[str | None] = None
SESSION_COOKIE_PATH: Final = "/"
SESSION_COOKIE_SAMESITE: Final = "Lax"
SESSION_COOKIE_HTTPONLY: Final = True
SESSION_COOKIE_SECURE: Final = False

# -- caches and files ----------------------------------------------------------------------------------------
CACHES: Final[dict[str, dict[str, Any]]] = {
    "default": {"BACKEND": f"{_here}.core.cache.backends.locmem.LocMemCache"}
}
CACHE_MIDDLEWARE_ALIAS: Final = "default"
CACHE_MIDDLEWARE_KEY_PREFIX: Final = ""
CACHE_MIDDLEWARE_SECONDS: Final = 600
MEDIA_ROOT: Final = ""
MEDIA_URL: Final = ""
STATIC_ROOT: Final[str | None] = None
STATIC_URL: Final[str | None] = None
STATICFILES_DIRS: Final[list[Any]] = []
STATICFILES_FINDERS: Final = [
    f"{_here}.contrib.staticfiles.finders.{kind}Finder" for kind in ("FileSystem", "AppDirectories")
]
STORAGES: Final[dict[str, dict[str, Any]]] = {
    "default": {"BACKEND": f"{_here}.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": f"{_here}.contrib.staticfiles.storage.StaticFilesStorage"},
}

# -- logs, reports and mail ----------------------------------------------------------------------------------
LOGGING: Final[dict[str, Any]] = {}
LOGGING_CONFIG: Final = "logging.config.dictConfig"
DEFAULT_EXCEPTION_REPORTER: Final = f"{_here}.views.debug.ExceptionReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER: Final = f"{_here}.views.debug.SafeExceptionReporterFilter"
ADMINS: Final[list[Any]] = []
MANAGERS: Final[list[Any]] = []
SERVER_EMAIL: Final = "root@localhost"
DEFAULT_FROM_EMAIL: Final = "webmaster@localhost"
EMAIL_BACKEND: Final = f"{_here}.core.mail.backends.smtp.EmailBackend"
EMAIL_SUBJECT_PREFIX: Final = "[Penstock] "
EMAIL_HOST: Final = "localhost"
EMAIL_PORT: Final = 25
EMAIL_HOST_USER: Final = ""
EMAIL_HOST_PASSWORD: Final = ""
EMAIL_USE_TLS: Final = False
EMAIL_USE_SSL: Final = False
EMAIL_SSL_CERTFILE: Final[str | None] = None
EMAIL_SSL_KEYFILE: Final[str | None] = None
EMAIL_TIMEOUT: Final[int | None] = None
EMAIL_USE_LOCALTIME: Final = False

# -- time, language, formats ---------------------------------------------------------------------------------
USE_TZ: Final = True
TIME_ZONE: Final = "America/Chicago"
USE_I18N: Final = True
LANGUAGE_CODE: Final = "en-us"
LANGUAGES: Final = [("en", "English")]
LANGUAGES_BIDI: Final = ["he", "ar", "ar-dz", "ckb", "fa", "ug", "ur"]
LOCALE_PATHS: Final[list[Any]] = []
LANGUAGE_COOKIE_NAME: Final = "django_language"
LANGUAGE_COOKIE_AGE: Final[int | None] = None
LANGUAGE_COOKIE_DOMAIN: Final[str | None] = None
LANGUAGE_COOKIE_PATH: Final = "/"
LANGUAGE_COOKIE_SAMESITE: Final[str | None] = None
LANGUAGE_COOKIE_HTTPONLY: Final = False
LANGUAGE_COOKIE_SECURE: Final = False
FORMAT_MODULE_PATH: Final[str | None] = None
FIRST_DAY_OF_WEEK: Final = 0
DATE_FORMAT: Final = "N j, Y"
DATETIME_FORMAT: Final = "N j, Y, P"
TIME_FORMAT: Final = "P"
SHORT_DATE_FORMAT: Final = "m/d/Y"
SHORT_DATETIME_FORMAT: Final = "m/d/Y P"
YEAR_MONTH_FORMAT: Final = "F Y"
MONTH_DAY_FORMAT: Final = "F j"
_days: Final = ["%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y"]
_times: Final = ["%H:%M:%S", "%H:%M:%S.%f", "%H:%M"]
DATE_INPUT_FORMATS: Final = _days + [
    written for month in ("%b", "%B")
    for written in (f"{month} %d %Y", f"{month} %d, %Y", f"%d {month} %Y", f"%d {month}, %Y")
]  # fmt: skip
TIME_INPUT_FORMATS: Final = _times
DATETIME_INPUT_FORMATS: Final = [f"{day} {time}" for day in _days for time in _times]
DECIMAL_SEPARATOR: Final = "."
THOUSAND_SEPARATOR: Final = ","
USE_THOUSAND_SEPARATOR: Final = False
NUMBER_GROUPING: Final = 0

# -- databases (penstock.web.db) -----------------------------------------------------------------------------
DATABASES: Final[dict[str, Any]] = {}

# -- parts of Django that are not here: their settings are known, and nothing reads them ---------------------
DATABASE_ROUTERS: Final[list[Any]] = []
DEFAULT_AUTO_FIELD: Final = f"{_here}.db.models.AutoField"
DEFAULT_TABLESPACE: Final = ""
DEFAULT_INDEX_TABLESPACE: Final = ""
MIGRATION_MODULES: Final[dict[str, Any]] = {}
FIXTURE_DIRS: Final[list[Any]] = []
FORM_RENDERER: Final = f"{_here}.forms.renderers.DjangoTemplates"
FORMS_URLFIELD_ASSUME_HTTPS: Final = False
MESSAGE_STORAGE: Final = f"{_here}.contrib.messages.storage.fallback.FallbackStorage"
AUTH_USER_MODEL: Final = "auth.User"
AUTH_PASSWORD_VALIDATORS: Final[list[Any]] = []
AUTHENTICATION_BACKENDS: Final = [f"{_here}.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS: Final[list[str]] = []
PASSWORD_RESET_TIMEOUT: Final = 3 * 24 * 3600
LOGIN_URL: Final = "/accounts/login/"
LOGIN_REDIRECT_URL: Final = "/accounts/profile/"
LOGOUT_REDIRECT_URL: Final[str | None] = None
TEST_RUNNER: Final = f"{_here}.test.runner.DiscoverRunner"
TEST_NON_SERIALIZED_APPS: Final[list[str]] = []
