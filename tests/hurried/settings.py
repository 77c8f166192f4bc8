"""The settings of the tests, with a mail server on this machine, and short waits."""

import os

import django

from tests.settings import *  # noqa: F403
from tests.settings import COUNTJOBS, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hurried"]
COUNTJOBS = {**COUNTJOBS, "ALERT_PRIVATE_ADDRESSES": True}

_smtp = "django.core.mail.backends.smtp.EmailBackend"
_port = int(os.environ.get("TEST_MAIL_PORT", "25"))
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _smtp, "OPTIONS": {"host": "127.0.0.1", "port": _port}}}
else:
    EMAIL_BACKEND = _smtp
    EMAIL_HOST = "127.0.0.1"
    EMAIL_PORT = _port
