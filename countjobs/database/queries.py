"""The statements that Django keeps while DEBUG is on.

Django forgets them at each web request. A scheduler has no requests, and its threads live long:
each of them would keep thousands of statements with all their parameters.
"""

from __future__ import annotations

from django.conf import settings
from django.db import reset_queries


def forget_queries() -> None:
    """Forget the statements of this thread. It costs nothing while DEBUG is off."""
    if settings.DEBUG:
        reset_queries()
