"""Lines of a crontab that call `manage.py`, as definitions of commands."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from countjobs.conf import Conf
from countjobs.imports.clock_changes import (
    Instants,
    check_clock_changes,
    ends_of_gaps,
    repeated_times,
    shown_times,
)
from countjobs.imports.found_schedules import Entries, How, NotTakenOverError, entry_of
from countjobs.models import CommandJob
from countjobs.models.names import LONGEST
from countjobs.text import shown
from countjobs.triggers import ScheduleTrigger, zone_names
from countjobs.triggers.calendar import CronCalendar
from countjobs.triggers.crontab import CrontabError, read_crontab

_SETTING = re.compile(r"""\s*(?P<name>"[^"]+"|'[^']+'|[A-Za-z_]\w*)\s*=\s*(?P<value>.*)""")
_ENVIRONMENT = re.compile(r"[A-Za-z_]\w*=.*")
_PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
_REDIRECTION = re.compile(
    r"""\s+(?:\d?>>?\s*&\d|\d?<\s*&\d|(?:\d?|&)>>?\s*(?:[^\s&|;<>'"]+|"[^"]*"|'[^']*')"""
    r"""|0?<\s*[^\s&|;<>'"]+)\s*$"""
)
"""At the end of a command: a run's output is in the history, wherever it went."""
_SHELL = "|&;()<>"
_LONGEST_LINE = 5_000
_QUOTES = "'\""


@dataclass(frozen=True)
class _Line:
    """A line with a schedule."""

    text: str
    number: int
    zone: str
    """What CRON_TZ or TZ said last before it; "" if neither did."""
    comment: str
    """The comment just above."""


@dataclass(frozen=True)
class _Call:
    """What a line runs, and when."""

    schedule: str
    command: str
    words: str
    notes: list[str]

    @property
    def is_wild(self) -> bool:
        """Whether its minute or its hour begins with a star, so that it follows the clock."""
        fields = self.schedule.lower().split()[:2]
        return fields[0] == "@hourly" or any(each.startswith("*") for each in fields)


def read_lines(text: str, how: How, *, has_users: bool) -> Entries:
    """An entry for each schedule of a crontab.

    With `has_users`, the sixth word of each line is a user, as in /etc/crontab and /etc/cron.d.
    """
    names: Counter[str] = Counter()
    for line in _schedules(text):
        source = f"line {line.number}: {shown(line.text)}"
        yield entry_of(source, partial(_definition, line, names, how, has_users))


def _name_of(call: _Call, names: Counter[str]) -> str:
    """A name. Lines with the same call are numbered in their order, those not imported, too."""
    stem = f"{call.command} {call.words}".strip()
    names[stem] += 1
    suffix = f" ({names[stem]})" if names[stem] > 1 else ""
    return stem[: LONGEST - len(suffix)].strip() + suffix


def _schedules(text: str) -> Iterator[_Line]:
    zones: dict[str, str] = {}
    comments: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare.startswith("#"):
            comments.append(bare.lstrip("#").strip())
            continue
        if setting := _SETTING.fullmatch(bare):
            zones[setting["name"].strip(_QUOTES)] = setting["value"].strip().strip(_QUOTES)
        elif bare:
            zone = zones.get("CRON_TZ") or zones.get("TZ", "")
            yield _Line(bare, number, zone.removeprefix(":"), "\n".join(comments))
        comments = []


def _definition(
    line: _Line, names: Counter[str], how: How, has_users: bool, notes: list[str]
) -> CommandJob:
    call = _parted(line.text, has_users)
    name = _name_of(call, names)
    zone = line.zone or how.timezone
    if zone not in zone_names():
        raise NotTakenOverError(f"There is no time zone “{shown(zone)}”.")
    if call.command not in Conf.load().commands:
        raise NotTakenOverError(
            f'The command “{shown(call.command)}” is not among COUNTJOBS["COMMANDS"] in the'
            " settings. Add it there, and import again."
        )
    try:
        fields = read_crontab(call.schedule).fields
    except CrontabError as error:
        raise NotTakenOverError(str(error)) from error
    notes += call.notes
    trigger = ScheduleTrigger(fields, zone)
    theirs = _cron_times(trigger.calendar, ZoneInfo(zone), call.is_wild)
    notes += check_clock_changes(trigger, theirs, ZoneInfo(zone), how, "cron")
    return CommandJob(
        name=name,
        command=call.command,
        arguments=call.words,
        description=line.comment,
        timezone=zone,
        **fields,
    )


def _cron_times(calendar: CronCalendar, zone: ZoneInfo, is_wild: bool) -> Instants:
    """The fire times of Debian's cron.

    Where the minute or the hour begins with a star, it follows the clock. Otherwise, what a gap
    skips runs right after it, and what the clock repeats runs the first time.
    """
    if is_wild:
        return lambda first, end: shown_times(calendar, zone, first, end)
    return lambda first, end: (
        {
            *shown_times(calendar, zone, first, end),
            *ends_of_gaps(calendar, zone, first, end),
        }
        - repeated_times(calendar, zone, first, end)
    )


def _parted(text: str, has_users: bool) -> _Call:
    """What a line says. Raises NotTakenOverError if it isn't only a call of `manage.py`.

    Before that may be `cd … &&`, settings of the environment and a Python; after it, redirections.
    """
    if len(text) > _LONGEST_LINE:
        raise NotTakenOverError("This line is too long.")
    count = 1 if text.startswith("@") else 5
    parts = text.split(None, count + has_users)
    if len(parts) <= count + has_users:
        raise NotTakenOverError("This line has no command, or fewer than five fields.")
    notes = []
    if has_users:
        notes.append(f"It ran as the user {shown(parts[count])}; here, it runs as the scheduler's.")
    command, arguments = _manage_call(parts[-1], notes)
    return _Call(" ".join(parts[:count]), command, shlex.join(arguments), notes)


def _manage_call(text: str, notes: list[str]) -> tuple[str, list[str]]:
    if "%" in text.replace(r"\%", ""):
        raise NotTakenOverError("The line has a “%”, which means input or a new line to cron.")
    text = text.replace(r"\%", "%")
    while found := _REDIRECTION.search(text):
        text = text[: found.start()]
    words = _words(text)
    places = [at for at, word in enumerate(words) if word.rpartition("/")[2] == "manage.py"]
    if not places:
        raise NotTakenOverError("It doesn't call manage.py.")
    _check_before(words[: places[0]], notes)
    called = words[places[0] + 1 :]
    if not called:
        raise NotTakenOverError("It calls manage.py without a command.")
    for word in called:
        if word and set(word) <= set(_SHELL):
            raise NotTakenOverError(f"It goes on after the command, with “{shown(word)}”.")
        if "$" in word or "`" in word:
            raise NotTakenOverError(f"“{shown(word)}” is something that only a shell knows.")
    return called[0], called[1:]


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_SHELL)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError as error:
        raise NotTakenOverError(f"The command can't be split into words: {error}.") from error


def _check_before(words: list[str], notes: list[str]) -> None:
    """Check that what stands before `manage.py` only prepares for it. Raises NotTakenOverError."""
    if words[:1] == ["cd"] and "&&" in words[2:3]:
        words = words[3:]
    while words and _ENVIRONMENT.fullmatch(words[0]):
        name = words[0].partition("=")[0]
        notes.append(
            f"It sets {name} in the environment; here, the scheduler's environment counts."
        )
        words = words[1:]
    if words and _PYTHON.fullmatch(words[0]):
        words = [word for word in words[1:] if not re.fullmatch(r"-[a-zA-Z]+", word)]
    if words:
        raise NotTakenOverError(
            f"“{shown(words[0])}” stands before manage.py: what it does is unknown."
        )
