"""Settings of the project, read from the environment, strictly: what is wrong stops the start.

docs/settings.md has the list of variables, and says what each means; `project.environment` reads
them.
"""

from pathlib import Path
from typing import Any

import django

from project import environment

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = environment.read_bool("DEBUG")

DATABASES = {"default": environment.read_database("DATABASE_URL", BASE_DIR / "db.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_embedded = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"

SECRET_KEY = environment.read_secret_key(
    "SECRET_KEY", BASE_DIR / ".secret_key" if _embedded else None
)
SECRET_KEY_FALLBACKS = environment.read_words("SECRET_KEY_FALLBACKS")

# Without ALLOWED_HOSTS the site answers this machine only, over plain HTTP. With it the site is
# public, and so HTTPS only, behind a proxy that ends TLS and sets X-Forwarded-Proto.
ALLOWED_HOSTS = environment.read_hosts("ALLOWED_HOSTS")
_public = bool(ALLOWED_HOSTS) and not DEBUG
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _public
SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # probes come past the proxy; it names nothing
SECURE_HSTS_SECONDS = 3600 if _public else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _public else None
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains is their owner's decision, not this site's
    "security.W021",  # and so is a place on the browsers' preload list
]

INSTALLED_APPS = [
    "project",  # its functions are in jobs.py
    "countjobs",
    "countjobs.imports",
    "countjobs.alerts",
    "countjobs.metrics",
    "django_apscheduler",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "project.policy.content_security_policy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "project.bad_requests.readable_requests",
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
TIME_ZONE = environment.read_time_zone("TIME_ZONE")
USE_TZ = True

# Links in alerts, the ping, where alerts may go, and who may ask the web server for metrics.
COUNTJOBS: dict[str, Any] = {
    "SITE_URL": environment.read_text("SITE_URL"),
    "PING_URL": environment.read_text("PING_URL"),
    "ALERT_PRIVATE_ADDRESSES": environment.read_bool("ALERT_PRIVATE_ADDRESSES"),
    "METRICS_TOKEN": environment.read_text("METRICS_TOKEN"),
}

# Mail, for alerts. From Django 6.1 on its settings have another form.
DEFAULT_FROM_EMAIL = environment.read_text("DEFAULT_FROM_EMAIL") or "countjobs@localhost"
if mail_server := environment.read_mail_server("EMAIL_URL"):
    if django.VERSION >= (6, 1):
        smtp = "django.core.mail.backends.smtp.EmailBackend"
        MAILERS = {"default": {"BACKEND": smtp, "OPTIONS": mail_server}}
    else:
        EMAIL_HOST, EMAIL_PORT = mail_server["host"], mail_server["port"]
        EMAIL_HOST_USER = mail_server["username"]
        EMAIL_HOST_PASSWORD = mail_server["password"]
        EMAIL_USE_TLS, EMAIL_USE_SSL = mail_server["use_tls"], mail_server["use_ssl"]
        EMAIL_TIMEOUT = mail_server["timeout"]

# The admin's CSS and scripts are served from where the packages hold them, so nothing has to be
# collected before a start, and nothing can be forgotten after an upgrade. An image is made anew for
# each release: there they are collected, compressed, and served from STATIC_ROOT.
STATIC_URL = "/static/"
STATIC_ROOT = environment.read_directory("STATIC_ROOT")
WHITENOISE_USE_FINDERS = STATIC_ROOT is None

# Django's own default tells errors of pages to mailed admins only: where there are none, to nobody.
# Where the root logger has a handler too, as beside a scheduler, each would be told twice.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "format": "%(asctime)s %(levelname)s %(message)s",
            "datefmt": "%Y-%m-%d %H:%M:%S",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        "django": {
            "handlers": ["console"],
            "level": "INFO" if DEBUG else "ERROR",
            "propagate": False,
        }
    },
}
