"""The project's settings with the policy, the tests' jobs, and room for one run at a time."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.app"]
COUNTJOBS = {"THREADS": 1}
