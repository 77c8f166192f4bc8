"""What to write here instead of the notation of other schedulers."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

_POSITIONS = re.compile(r"(\w+l|lw|l-\d+|l|\d+w)")


def hint_for(part: str) -> str:
    """Advice on a part of a field that can't be read; at least, examples."""
    if "?" in part:
        return _("Write “*” for any value.")
    if "#" in part or _POSITIONS.fullmatch(part):
        return _("Write “last”, “last fri” or “2nd mon” in the field “day”, not here.")
    if "~" in part or part.startswith("h"):
        return _("Choose a value. To spread runs at random, use the field “jitter”.")
    return _("Examples: “*”, “*/5”, “1-5”, “1,3”.")
