"""A pasted crontab line as the eight cron fields, or the reason why it is refused.

The line means what it means to Debian's cron. Where cron programs differ, it is refused, and the
message says what to write instead. Nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from countjobs.text import shown
from countjobs.triggers.crontab_fields import FIELDS, CrontabError
from countjobs.triggers.crontab_text import schedule_line
from countjobs.triggers.expressions import CRON_DEFAULTS

__all__ = ["Crontab", "CrontabError", "read_crontab"]

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_NAMES = "|".join(name for field in FIELDS for name in field.names)
_LIKE_A_FIELD = re.compile(rf"(?:[\d*?L]|{_NAMES})(?:[\d*?/,\-#LW]|{_NAMES})*", re.IGNORECASE)
_DAY, _WEEKDAY = 2, 4
"""The places of cron's two day fields in a line."""


@dataclass(frozen=True)
class Crontab:
    """What a line means."""

    fields: dict[str, str]
    """The eight expressions by field name."""
    command: str
    """What follows the schedule and has no meaning here; "" for nothing."""
    zone: str = ""
    """Its time zone; "" if the line names none."""

    @property
    def values(self) -> dict[str, str]:
        """The values to fill in, by the definition's field."""
        return self.fields | ({"timezone": self.zone} if self.zone else {})


def read_crontab(text: str) -> Crontab:
    """The meaning of a pasted line. Raises `CrontabError`, whose text says what to do instead."""
    given = schedule_line(text)
    line = given.text
    texts, command = _nickname(line) if line.startswith("@") else _five_fields(line)
    pairs = zip(FIELDS, texts, strict=True)
    fields = {field.name: field.translate(part) for field, part in pairs}
    _refuse_either_day(texts)
    return Crontab(CRON_DEFAULTS | fields, command, given.zone)


def _nickname(line: str) -> tuple[list[str], str]:
    name, command = [*line.split(None, 1), ""][:2]
    if name.lower() == "@reboot":
        raise CrontabError(
            _("“@reboot” is not a time: definitions run by the clock, not when a computer starts.")
        )
    if name.lower() not in NICKNAMES:
        raise CrontabError(
            _("“%(name)s” is unknown. Use one of %(names)s.")
            % {"name": shown(name), "names": ", ".join(NICKNAMES)}
        )
    return NICKNAMES[name.lower()].split(), command


def _five_fields(line: str) -> tuple[list[str], str]:
    parts = line.split(None, len(FIELDS))
    texts, command = parts[: len(FIELDS)], "".join(parts[len(FIELDS) :])
    if len(texts) < len(FIELDS):
        raise CrontabError(
            _(
                "A crontab line has five fields: minute, hour, day of the month, month, day of "
                "the week. This one has %(count)d."
            )
            % {"count": len(texts)}
        )
    if command and _is_field(command.split()[0]):
        raise CrontabError(
            _(
                "This line has more than the five fields of a crontab: minute, hour, day of the"
                " month, month, day of the week. If the first is for seconds, or the last for"
                " years, write it into the field “second” or “year”, and paste the other five."
            )
        )
    return texts, command


def _is_field(word: str) -> bool:
    """Whether a word is a sixth field, such as `dec` or `L`, and not a command."""
    return not word.isalpha() and _LIKE_A_FIELD.fullmatch(word) is not None


def _refuse_either_day(texts: list[str]) -> None:
    """Refuse a line that restricts both day fields: cron runs on days that match either, here both
    must.

    As in Debian's cron, whose manual regrets it, a field that begins with a star counts as not
    restricted. So `*/2` and a weekday must both match there, too.
    """
    day, weekday = texts[_DAY], texts[_WEEKDAY]
    if not day.startswith("*") and not weekday.startswith("*"):
        minute, hour, _d, month, _w = texts
        raise CrontabError(
            _(
                "This line restricts the day of the month and the day of the week. Cron would run"
                " it on days that match either of them; here, a day must match both. Make two"
                " definitions instead: “%(first)s” and “%(second)s”."
            )
            % {
                "first": shown(f"{minute} {hour} {day} {month} *"),
                "second": shown(f"{minute} {hour} * {month} {weekday}"),
            }
        )
