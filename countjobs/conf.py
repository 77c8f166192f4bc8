"""The app's settings: one dict, `COUNTJOBS`, in Django's settings, each key typed and bounded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Self
from urllib.parse import urlsplit

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


THREADS, PROCESSES = "threads", "processes"
"""The types of executors."""
_SIZES = {THREADS: "THREADS", PROCESSES: "PROCESSES"}
"""The setting that says how many runs an executor of a type carries out at once."""
DEFAULT_EXECUTOR = "default"
"""The stored name of the executor that everybody has. It is a name for `threads`."""
_LONGEST_NAME = 64
_LONGEST_COMMAND = 100
_SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class ExecutorConf:
    """What the settings say of one executor."""

    type: str
    size: int
    """How many runs it carries out at once."""


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
    lost. A definition's `retries` may allow more.
    """
    retry_delay_most: int = _whole(3_600, 1, 366 * 86_400)
    """The longest delay before a retry, in seconds."""
    keep_days: int = _whole(90, 1, 36_500)
    """`purgeexecutions` deletes runs that were due longer ago."""
    keep_days_failures: int = _whole(0, 0, 36_500)
    """The same for runs that failed, if that is longer. 0: as `keep_days`."""
    keep_per_job: int = _whole(10_000, 1, 10_000_000)
    """It also deletes the older runs of a job beyond this many."""
    silent_after: int = _whole(3, 0, 1_000)
    """A job counts as silent after so many of its due times without a success, if its definition
    doesn't say how long (`most_silence`). 0: never.
    """
    site_url: str = ""
    """The address of the web server, for links in messages: `https://example.com`."""
    ping_url: str = ""
    """What each scheduler fetches every minute while it claims."""
    alert_private_addresses: bool = False
    """Whether alerts may be sent to private addresses: of this machine, or of its network."""
    metrics_token: str = ""
    """Who asks the web server for metrics must give this. Empty: nobody is told."""
    metrics_job_names: bool = False
    """Whether metrics have a label with the job's name. Each job then makes series of its own."""
    executors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """More executors, by the names that definitions choose them by."""
    jobs_module: str = "jobs"
    """The module of each app in which functions are registered with `@job`."""
    commands: Sequence[str] = ("clearsessions", "purgeexecutions")
    """The management commands that may be scheduled."""

    @classmethod
    def load(cls) -> Self:
        """Read the settings as they are now. Raises ImproperlyConfigured."""
        given = getattr(settings, "COUNTJOBS", {})
        if problems := cls.problems(given):
            raise ImproperlyConfigured(" ".join(problems))
        return cls._of(given)

    def executor_confs(self) -> dict[str, ExecutorConf]:
        """Every executor, by the name that is stored in definitions and job-store rows."""
        own = {
            name: ExecutorConf(given["TYPE"], given.get(size, getattr(self, size.lower())))
            for name, given in self.executors.items()
            for size in [_SIZES[given["TYPE"]]]
        }
        return {
            DEFAULT_EXECUTOR: ExecutorConf(THREADS, self.threads),
            PROCESSES: ExecutorConf(PROCESSES, self.processes),
            **own,
        }

    def can_stop_runs(self, executor: str) -> bool:
        """Whether an executor can end any run, whatever the job does."""
        conf = self.executor_confs().get(executor)
        return conf is not None and conf.type == PROCESSES

    @classmethod
    @cache  # each claim reads the settings
    def bounds(cls, name: str) -> tuple[int, int]:
        """The least and the greatest value of a setting."""
        (metadata,) = (item.metadata for item in fields(cls) if item.name == name)
        return metadata["least"], metadata["most"]

    @classmethod
    def is_sound(cls) -> bool:
        """Whether the settings can be read. If not, a check says what is wrong."""
        return not cls.problems(getattr(settings, "COUNTJOBS", {}))

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
    def _of(cls, given: dict[str, Any]) -> Self:
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
            if key in _CHECKS:
                yield from _CHECKS[key](given[key]) if key in given else ()
                continue
            value = given.get(key, item.default)
            if wrong := _wrong_number(item.name, value):
                yield f"COUNTJOBS[{key!r}] {wrong}"

    def _lease_is_too_short(self) -> bool:
        return self.lease_seconds < 2 * self.heartbeat_seconds


def _wrong_number(name: str, value: object) -> str:
    least, most = Conf.bounds(name)
    if type(value) is int and least <= value <= most:
        return ""
    return f"must be a whole number from {least} to {most}, not {value!r}."


def _wrong_module(given: object) -> Iterator[str]:
    if not isinstance(given, str) or not all(map(str.isidentifier, given.split("."))):
        yield f"COUNTJOBS['JOBS_MODULE'] must be a module's name, such as 'jobs', not {given!r}."


def _wrong_commands(given: object) -> Iterator[str]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        yield "COUNTJOBS['COMMANDS'] must be a list of names."
        return
    for name in given:
        if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_COMMAND:
            yield f"COUNTJOBS['COMMANDS']: {name!r} is no name of a command."


def _wrong_flag(key: str) -> Callable[[object], Iterator[str]]:
    def check(given: object) -> Iterator[str]:
        if type(given) is not bool:
            yield f"COUNTJOBS[{key!r}] must be True or False, not {given!r}."

    return check


def _wrong_url(key: str) -> Callable[[object], Iterator[str]]:
    def check(given: object) -> Iterator[str]:
        if given != "" and not _is_web_address(given):
            # The address isn't repeated: it may hold a secret.
            yield f"COUNTJOBS[{key!r}] must be an address with http:// or https://."

    return check


def _is_web_address(given: object) -> bool:
    """Whether that is one. Its host may be a name without dots, as in networks of containers."""
    if not isinstance(given, str) or not given.isprintable() or " " in given:
        return False
    try:
        parts = urlsplit(given)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no port, or no IPv6 address
        return False


def _wrong_token(given: object) -> Iterator[str]:
    if not isinstance(given, str) or not given.isascii() or 0 < len(given) < _SHORTEST_TOKEN:
        yield (
            "COUNTJOBS['METRICS_TOKEN'] must be a text of at least"
            f" {_SHORTEST_TOKEN} letters, digits or signs, or empty."
        )


def _is_name(name: object) -> bool:
    """Whether an executor may be called that: it is shown, stored, and listed with commas."""
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        return False
    return name.isprintable() and name == name.strip() and "," not in name


def _wrong_executors(given: object) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield "COUNTJOBS['EXECUTORS'] must be a dict."
        return
    for name, options in given.items():
        where = f"COUNTJOBS['EXECUTORS'][{name!r}]"
        if not _is_name(name):
            yield (
                f"COUNTJOBS['EXECUTORS']: the name {name!r} must be a text of 1 to 64 characters,"
                " without commas, spaces at its ends, or invisible characters."
            )
        elif name in {DEFAULT_EXECUTOR, THREADS, PROCESSES}:
            yield f"{where}: this name is taken. Use the settings THREADS and PROCESSES."
        elif not isinstance(options, Mapping) or options.get("TYPE") not in [*_SIZES]:
            yield f"{where} must be a dict with the key 'TYPE': {' or '.join(map(repr, _SIZES))}."
        else:
            size = _SIZES[options["TYPE"]]
            for key in [each for each in options if each not in ("TYPE", size)]:
                yield f"{where} has no key {key!r}. Its keys are TYPE, {size}."
            if size in options and (wrong := _wrong_number(size.lower(), options[size])):
                yield f"{where}[{size!r}] {wrong}"


_CHECKS: dict[str, Callable[[object], Iterator[str]]] = {
    "EXECUTORS": _wrong_executors,
    "JOBS_MODULE": _wrong_module,
    "COMMANDS": _wrong_commands,
    "SITE_URL": _wrong_url("SITE_URL"),
    "PING_URL": _wrong_url("PING_URL"),
    "ALERT_PRIVATE_ADDRESSES": _wrong_flag("ALERT_PRIVATE_ADDRESSES"),
    "METRICS_TOKEN": _wrong_token,
    "METRICS_JOB_NAMES": _wrong_flag("METRICS_JOB_NAMES"),
}
"""What checks the settings that aren't whole numbers."""
