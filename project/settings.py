"""Settings of the project, read from the environment, strictly: a value that is wrong stops the start.

`DATABASE_URL`, `SECRET_KEY`, `DEBUG`, `ALLOWED_HOSTS` and `TIME_ZONE` are the whole of it; the README says what each means.
"""

from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

DEBUG = env.bool("DEBUG", False)

try:
    _database = dj_database_url.parse(
        env.str("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}")
    )
except ValueError as error:
    raise ImproperlyConfigured(f"DATABASE_URL can't be read: {error}") from error
_embedded = _database["ENGINE"] == "django.db.backends.sqlite3"
if _embedded:
    # Readers beside one writer (WAL), and a writer that waits for its turn at BEGIN instead of
    # failing half-way when it must upgrade its lock.
    # https://docs.djangoproject.com/en/5.2/ref/databases/#sqlite-transaction-behavior
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def _own_secret_key() -> str:
    """The key of an installation that was given none: made once, kept in a file only its owner reads."""
    file = BASE_DIR / ".secret_key"
    try:
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(get_random_secret_key())
    except FileExistsError:
        pass
    return file.read_text()


SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    if not _embedded:
        # Several machines may share this database, and each would make a key of its own.
        raise ImproperlyConfigured("SECRET_KEY must be set where DATABASE_URL names a server.")
    SECRET_KEY = _own_secret_key()

# Without ALLOWED_HOSTS the site answers this machine only, over plain HTTP. With it the site is
# public, and so HTTPS only, behind a proxy that ends TLS and sets X-Forwarded-Proto.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", [])
_public = bool(ALLOWED_HOSTS) and not DEBUG
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _public
SECURE_HSTS_SECONDS = 3600 if _public else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _public else None
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains is their owner's decision, not this site's
    "security.W021",  # and so is a place on the browsers' preload list
]

INSTALLED_APPS = [
    "countjobs",
    "django_apscheduler",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
ASGI_APPLICATION = "project.asgi.application"
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
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ja", "日本語")]
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True  # so that nothing has to be collected before the first start
