"""The app's settings: one dict, `COUNTJOBS`, in Django's settings, each key typed and bounded."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Self

from django.conf import settings


def _whole(default: int, least: int, most: int) -> int:
    return field(default=default, metadata={"least": least, "most": most})  # type: ignore[no-any-return]  # dataclasses.field


@dataclass(frozen=True)
class Conf:
    """What `COUNTJOBS` may say. A field's name in capitals is its key."""

    threads: int = _whole(10, 1, 1_000)
    """Runs that one scheduler carries out side by side."""
    drain_seconds: int = _whole(30, 0, 86_400)
    """How long a scheduler that was told to stop waits for the runs it has begun."""
    heartbeat_seconds: int = _whole(5, 1, 3_600)
    """How often a scheduler writes that it lives."""
    lease_seconds: int = _whole(15, 2, 86_400)
    """How old a heartbeat may be before its scheduler counts as dead."""
    output_bytes: int = _whole(64 * 1024, 1_024, 16 * 1024 * 1024)
    """How much of a run's output is kept, as UTF-8: its head and its tail."""
    catch_up_runs: int = _whole(10, 1, 1_000)
    """How many past fire times run, where a definition doesn't coalesce them."""
    keep_days: int = _whole(90, 1, 36_500)
    """Executions that ended longer ago are deleted by `purgeexecutions`."""
    keep_per_job: int = _whole(10_000, 1, 10_000_000)
    """So are those of a job beyond this many newer ones."""

    @classmethod
    def load(cls) -> Self:
        """Read the settings as they are now. `checks` has complained of what is wrong in them."""
        given = getattr(settings, "COUNTJOBS", {})
        return cls(**{key.lower(): value for key, value in given.items()})

    @classmethod
    def problems(cls, given: object) -> list[str]:
        """What is wrong with a value of `COUNTJOBS`, a sentence each."""
        if not isinstance(given, dict):
            return ["COUNTJOBS must be a dict."]
        known = {item.name.upper(): item for item in fields(cls)}
        found = [
            f"COUNTJOBS has no key {key!r}; it knows {', '.join(known)}."
            for key in given
            if key not in known
        ]
        for key, item in known.items():
            value = given.get(key, item.default)
            least, most = item.metadata["least"], item.metadata["most"]
            if type(value) is not int or not least <= value <= most:
                found.append(
                    f"COUNTJOBS[{key!r}] must be a whole number from {least} to {most}, not {value!r}."
                )
        if not found and cls(**{k.lower(): v for k, v in given.items()})._lease_is_too_short():
            found.append("COUNTJOBS['LEASE_SECONDS'] must be at least twice HEARTBEAT_SECONDS.")
        return found

    def _lease_is_too_short(self) -> bool:
        return self.lease_seconds < 2 * self.heartbeat_seconds
