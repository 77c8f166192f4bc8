"""The project's settings, with a test app beside the product, and tests' shortcuts."""

import os

os.environ.setdefault("SECRET_KEY", "tests only, and long enough for Django's own check: 0123456789")

from project.settings import *  # noqa: F403
from project.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.app"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
