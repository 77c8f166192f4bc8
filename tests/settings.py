"""The project's settings, with a test app beside the product, and tests' shortcuts."""

import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault(
    "SECRET_KEY", "tests only, and long enough for Django's own check: 0123456789"
)

from project.settings import *  # noqa: F403
from project.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.app"]
# Otherwise each test's client would look through all static files of the installed apps.
WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A test run has databases of its own, so that several may go on side by side. SQLite's is a file:
# in memory it would have neither WAL nor writers that wait for each other.
_own = f"test_countjobs_{os.getpid()}"
_directory = Path(tempfile.gettempdir())
DATABASES["default"]["TEST"] = {
    "NAME": _own
    if "postgresql" in DATABASES["default"]["ENGINE"]
    else str(_directory / f"{_own}.sqlite3")
}

if "postgresql" in DATABASES["default"]["ENGINE"]:
    # Nothing here waits so long, unless for a lock that nobody lets go of: then it is to fail.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        connect_timeout=30, options="-c lock_timeout=60s -c statement_timeout=120s"
    )

# A scheduler in a process of its own may be given other settings than the defaults.
COUNTJOBS = json.loads(os.environ.get("TEST_COUNTJOBS", "{}"))
