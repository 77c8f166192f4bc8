"""Settings for the three examples, and for the same jobs written as kinds."""

import django

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "shop",
    "website",
    "uploads",
    "by_kinds.shop_kinds",
    "by_kinds.website_kinds",
    "by_kinds.uploads_kinds",
]
ROOT_URLCONF = "example_urls"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
_MAIL = "django.core.mail.backends.locmem.EmailBackend"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _MAIL}}
else:
    EMAIL_BACKEND = _MAIL

COUNTJOBS = {
    "COMMANDS": [
        "checklinks",
        "deletedrafts",
        "importfeed",
        "mailnewsletter",
        "makesitemap",
        "updateindex",
        "warmcache",
    ],
}
