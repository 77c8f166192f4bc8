"""The project's settings, and the policy."""

from project.settings import *  # noqa: F403
from project.settings import MIDDLEWARE

MIDDLEWARE = ["tests.strict.policy.strictly", *MIDDLEWARE]
