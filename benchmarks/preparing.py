"""Making definitions, in a process of its own, so that what follows starts as fresh as can be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from benchmarks.own_process import call

Groups: TypeAlias = Sequence[tuple[int, dict[str, str]]]
"""So many definitions with the same cron fields, and so many more with others."""

EVERY_SECOND = {"second": "*"}


def idle_fields() -> dict[str, str]:
    """Cron fields of a schedule that is far from being due: six months ago, and ahead."""
    month = (datetime.now(UTC).month + 5) % 12 + 1
    return {"month": str(month), "day": "15", "hour": "0", "minute": "0", "second": "0"}


def prepare(url: str, name: str, groups: Groups) -> None:
    """Make a contender's tables in an empty database, and definitions in them."""
    call(make, url, name, groups)


def make(name: str, groups: Groups) -> None:
    """The same, in this process."""
    from django.core.management import call_command

    from benchmarks.contenders import contender

    call_command("migrate", verbosity=0)
    contender(name).make([(count, fields) for count, fields in groups])
