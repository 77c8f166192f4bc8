"""Rows that plain django-apscheduler has pickled, read without running anything in them.

A pickle names classes and functions to call. Here, only dates and time zones are what they say.
Triggers become inert records of their attributes; any other name is an error.
"""

from __future__ import annotations

import datetime as dt
import io
import pickle
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

MOST_BYTES = 1_000_000

_TRIGGERS = {
    "apscheduler.triggers.cron": ("CronTrigger",),
    "apscheduler.triggers.interval": ("IntervalTrigger",),
    "apscheduler.triggers.date": ("DateTrigger",),
    "apscheduler.triggers.calendarinterval": ("CalendarIntervalTrigger",),
    "apscheduler.triggers.combining": ("AndTrigger", "OrTrigger"),
    "apscheduler.triggers.cron.fields": (
        *("BaseField", "WeekField", "DayOfMonthField", "DayOfWeekField", "MonthField"),
    ),
    "apscheduler.triggers.cron.expressions": (
        *("AllExpression", "RangeExpression", "MonthRangeExpression", "WeekdayRangeExpression"),
        *("WeekdayPositionExpression", "LastDayOfMonthExpression"),
    ),
}


class UnreadableStateError(Exception):
    """A row that can't be read without running code. The message says why."""


class Record:
    """What a pickle says of an object of a class that isn't loaded."""

    kind = ""
    """The name of its class."""

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise UnreadableStateError(f"the state of a {self.kind} is no dict")
        self.state = state

    def get(self, name: str) -> Any:
        """An attribute; None if it has none."""
        return getattr(self, "state", {}).get(name)


def load_state(pickled: bytes) -> dict[str, Any]:
    """The dict of a job's state. Raises UnreadableStateError."""
    if len(pickled) > MOST_BYTES:
        raise UnreadableStateError(f"it takes {len(pickled)} bytes")
    try:
        found = _Unpickler(io.BytesIO(pickled)).load()
    except UnreadableStateError:
        raise
    except Exception as error:  # what a broken pickle raises can be anything
        raise UnreadableStateError(f"it can't be unpickled ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise UnreadableStateError("it isn't the state of a job")
    return found


class _Unpickler(pickle.Unpickler):
    """Resolves the names below, and no other."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        # Of each load's own: a pickle can set attributes of a class.
        self._known: dict[tuple[str, str], Any] = {
            (module, name): type(name, (Record,), {"kind": name})
            for module, names in _TRIGGERS.items()
            for name in names
        }
        self._known |= {
            ("datetime", "datetime"): dt.datetime,
            ("datetime", "date"): dt.date,
            ("datetime", "time"): dt.time,
            ("datetime", "timedelta"): dt.timedelta,
            ("datetime", "timezone"): dt.timezone,
            ("decimal", "Decimal"): Decimal,
            ("zoneinfo", "ZoneInfo._unpickle"): _zone,
            ("pytz", "_p"): _zone,
            ("pytz", "_UTC"): _utc,
        }
        self._known["zoneinfo", "ZoneInfo"] = _ZONE
        for module in ("builtins", "__builtin__"):
            self._known[module, "getattr"] = _attribute

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name. Raises UnreadableStateError for all but the known ones."""
        try:
            return self._known[module, name]
        except KeyError:
            raise UnreadableStateError(f"it holds a {module}.{name}") from None


_ZONE = object()


def _attribute(owner: Any, name: Any) -> Any:
    """How older protocols name a method of a class: of this one only."""
    if owner is _ZONE and name == "_unpickle":
        return _zone
    raise UnreadableStateError(f"it asks for the attribute {name!r}")


def _zone(key: Any, *_rest: Any) -> ZoneInfo:
    if not isinstance(key, str):
        raise UnreadableStateError("it holds a time zone without a name")
    return ZoneInfo(key)


def _utc() -> dt.timezone:
    return dt.UTC
