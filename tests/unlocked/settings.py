"""The settings of the tests, and every lock taken out of what is asked of the database."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = ["tests.unlocked", *INSTALLED_APPS]
