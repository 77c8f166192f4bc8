"""Which line of a pasted text is the schedule, without invisible characters; and its zone."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from countjobs.text import shown
from countjobs.triggers.crontab_fields import CrontabError
from countjobs.triggers.zones import zone_names

MOST_CHARACTERS = 2_000
"""Cron's own limit is 1,000 for a command."""

_SETTING = re.compile(r"([A-Za-z_]\w*)\s*=")
_ZONE = re.compile(r"""(CRON_TZ|TZ)\s*=\s*("[^"]*"|'[^']*'|\S*)\s*(.*)""")
_QUOTES = "'\"`"
# Japanese keyboards and web pages have wide letters, digits and spaces.
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}


@dataclass(frozen=True)
class ScheduleLine:
    """The one line with a schedule, without comments and settings."""

    text: str
    zone: str
    """The time zone that `CRON_TZ=` or `TZ=` names before it; "" if neither does."""


def schedule_line(text: str) -> ScheduleLine:
    """The schedule of a pasted text. Raises `CrontabError`."""
    if len(text) > MOST_CHARACTERS:
        raise CrontabError(
            _("The text has %(length)d characters; at most %(most)d are allowed.")
            % {"length": len(text), "most": MOST_CHARACTERS}
        )
    _refuse_unseen(text)
    lines = [_unquoted(line.strip()) for line in text.translate(_NARROW).splitlines()]
    found = _schedules([line for line in lines if line and not line.startswith("#")])
    if len(found) > 1:
        raise CrontabError(
            _("These are %(count)d schedules. Each needs its own definition: paste one line.")
            % {"count": len(found)}
        )
    if not found:
        raise CrontabError(_("No schedule was found. Example: “30 9 * * mon-fri”."))
    if found[0].zone and found[0].zone not in zone_names():
        raise CrontabError(
            _("There is no time zone “%(name)s”. Examples: UTC, Asia/Tokyo, Europe/London.")
            % {"name": shown(found[0].zone)}
        )
    return found[0]


def _refuse_unseen(text: str) -> None:
    for character in text:
        if unicodedata.category(character).startswith("C") and character not in "\t\r\n":
            raise CrontabError(
                _("The text has an invisible character, %(code)s. Type the line again.")
                % {"code": f"U+{ord(character):04X}"}
            )


def _schedules(lines: list[str]) -> list[ScheduleLine]:
    """The lines that set nothing, each with the zone that was set last before it.

    Some cron programs also take a zone on the line of the schedule. `CRON_TZ` wins over `TZ`.
    """
    found = []
    zones: dict[str, str] = {}
    for line in lines:
        given, schedule = dict(zones), line
        if zone := _ZONE.fullmatch(line):
            given[zone[1]], schedule = zone[2].strip(_QUOTES).removeprefix(":"), zone[3]
        elif _SETTING.match(line):
            continue
        if schedule and not schedule.startswith("#"):
            found.append(ScheduleLine(schedule, given.get("CRON_TZ") or given.get("TZ", "")))
        else:
            zones = given
    return found


def _unquoted(line: str) -> str:
    """A line from a YAML file, without the quotation marks around it."""
    quoted = len(line) > 1 and line[0] == line[-1] and line[0] in _QUOTES
    return line[1:-1].strip() if quoted else line
