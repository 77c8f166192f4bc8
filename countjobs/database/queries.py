"""What Django keeps of statements while DEBUG is on.

It forgets them at each web request. A scheduler has none, and its threads live long: each would
keep thousands, with all their parameters.
"""

from __future__ import annotations

from django.conf import settings
from django.db import reset_queries


def forget_queries() -> None:
    """Forget what is kept of this thread's statements. It costs nothing where DEBUG is off."""
    if settings.DEBUG:
        reset_queries()
