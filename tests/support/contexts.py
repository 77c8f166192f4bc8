"""What a run may change of the thread that it runs in, and the next run must not see."""

from __future__ import annotations

import contextvars
import decimal

from django.urls import get_script_prefix, get_urlconf
from django.utils import timezone, translation

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")


def seen() -> dict[str, object]:
    """All of it, as it is now."""
    return {
        "language": translation.get_language(),
        "zone": timezone.get_current_timezone_name(),
        "urlconf": get_urlconf(),
        "prefix": get_script_prefix(),
        "precision": decimal.getcontext().prec,
        "rounding": decimal.getcontext().rounding,
        "variable": variable.get(),
    }
