"""The project's settings, with a `runscheduler` that does as it is told by STUB."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS

INSTALLED_APPS = ["tests.stub", *INSTALLED_APPS]
