"""A function whose annotations are texts, as `from __future__ import annotations` makes them."""

from __future__ import annotations

from typing import Annotated, Any

from django.contrib.auth.models import User
from django.core.validators import MinValueValidator


def remind(
    user: User,
    days: Annotated[int, MinValueValidator(1), "How long ago."] = 7,
    to: str | None = None,
) -> None:
    """Send a reminder."""


def unreadable(days: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
    """It can't be called by anybody either."""


def anything(what: Any) -> None:
    """What it takes can't be shown."""
