"""The app's settings: one dict, `COUNTJOBS`, in Django's settings, each key typed and bounded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def _whole(default: int, least: int, most: int, shown: str = "") -> int:
    """A setting. `shown` is the default in words, where it differs from machine to machine."""
    metadata = {"least": least, "most": most, "shown": shown or str(default)}
    return field(default=default, metadata=metadata)


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Conf:
    """The settings in `COUNTJOBS`. The key is the field's name in capitals."""

    threads: int = _whole(10, 1, 1_000)
    """How many runs one scheduler carries out at once."""
    processes: int = _whole(min(_cores(), 1_000), 1, 1_000, "number of cores")
    """How many runs of the executor `processes` one scheduler carries out at once."""
    runs_per_process: int = _whole(1_000, 1, 1_000_000)
    """After how many runs a worker process is replaced by a new one."""
    drain_seconds: int = _whole(30, 0, 86_400)
    """How long a scheduler that was told to stop waits for started runs."""
    heartbeat_seconds: int = _whole(5, 1, 3_600)
    """How often a scheduler writes a heartbeat."""
    lease_seconds: int = _whole(15, 2, 86_400)
    """How old a heartbeat may be before its scheduler counts as dead."""
    output_bytes: int = _whole(64 * 1024, 1_024, 16 * 1024 * 1024)
    """How many bytes of a run's output are kept, as UTF-8: its beginning and its end."""
    catch_up_runs: int = _whole(10, 1, 1_000)
    """How many of the fire times that came due meanwhile run, if a definition doesn't coalesce
    them.
    """
    most_attempts: int = _whole(3, 1, 100)
    """How many times in total a run is started, if its definition says to run it again when it is
    lost.
    """
    keep_days: int = _whole(90, 1, 36_500)
    """`purgeexecutions` deletes runs that were due longer ago."""
    keep_per_job: int = _whole(10_000, 1, 10_000_000)
    """It also deletes the older runs of a job beyond this many."""

    @classmethod
    def load(cls) -> Self:
        """Read the settings as they are now. Raises ImproperlyConfigured."""
        given = getattr(settings, "COUNTJOBS", {})
        if problems := cls.problems(given):
            raise ImproperlyConfigured(" ".join(problems))
        return cls._of(given)

    @classmethod
    def bounds(cls, name: str) -> tuple[int, int]:
        """The least and the greatest value of a setting."""
        (metadata,) = (item.metadata for item in fields(cls) if item.name == name)
        return metadata["least"], metadata["most"]

    @classmethod
    def problems(cls, given: object) -> list[str]:
        """What is wrong with a value of `COUNTJOBS`, one sentence each."""
        if not isinstance(given, dict):
            return ["COUNTJOBS must be a dict."]
        found = [*cls._unknown_keys(given), *cls._wrong_values(given)]
        if not found and cls._of(given)._lease_is_too_short():
            found.append("COUNTJOBS['LEASE_SECONDS'] must be at least twice HEARTBEAT_SECONDS.")
        return found

    @classmethod
    def _of(cls, given: dict[str, int]) -> Self:
        return cls(**{key.lower(): value for key, value in given.items()})

    @classmethod
    def _unknown_keys(cls, given: dict[object, object]) -> Iterator[str]:
        known = [item.name.upper() for item in fields(cls)]
        for key in given:
            if key not in known:
                yield f"COUNTJOBS has no key {key!r}. Its keys are {', '.join(known)}."

    @classmethod
    def _wrong_values(cls, given: dict[object, object]) -> Iterator[str]:
        for item in fields(cls):
            key = item.name.upper()
            value = given.get(key, item.default)
            least, most = item.metadata["least"], item.metadata["most"]
            if type(value) is not int or not least <= value <= most:
                wanted = f"a whole number from {least} to {most}"
                yield f"COUNTJOBS[{key!r}] must be {wanted}, not {value!r}."

    def _lease_is_too_short(self) -> bool:
        return self.lease_seconds < 2 * self.heartbeat_seconds
