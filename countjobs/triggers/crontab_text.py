"""Which line of a pasted text is the schedule, free of what cannot be seen."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from countjobs.text import shown
from countjobs.triggers.crontab_fields import CrontabError

MOST_CHARACTERS = 2_000
"""Cron's own limit is 1,000 for a command."""

_SETTING = re.compile(r"([A-Za-z_]\w*)\s*=\s*(\S*)")
_ZONES = ("TZ", "CRON_TZ")
_QUOTES = "'\"`"
# Japanese keyboards and web pages have wide letters, digits and spaces.
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}


def schedule_line(text: str) -> str:
    """The one line with a schedule, without comments and settings. Raises `CrontabError`."""
    if len(text) > MOST_CHARACTERS:
        raise CrontabError(
            _("The text has %(length)d characters; at most %(most)d are read.")
            % {"length": len(text), "most": MOST_CHARACTERS}
        )
    _refuse_unseen(text)
    lines = [line.strip() for line in text.translate(_NARROW).splitlines()]
    given = [line for line in lines if line and not line.startswith("#")]
    schedules = [line for line in given if not _is_setting(line)]
    if len(schedules) > 1:
        raise CrontabError(
            _("Here are %(count)d schedules. Each is a definition of its own: paste one line.")
            % {"count": len(schedules)}
        )
    if not schedules:
        raise CrontabError(_("There is no schedule in this. Example: “30 9 * * mon-fri”."))
    return _unquoted(schedules[0])


def _refuse_unseen(text: str) -> None:
    for character in text:
        if unicodedata.category(character).startswith("C") and character not in "\t\r\n":
            raise CrontabError(
                _("The text holds a character that can't be seen, %(code)s. Type the line anew.")
                % {"code": f"U+{ord(character):04X}"}
            )


def _is_setting(line: str) -> bool:
    """Whether a line sets a variable. Raises `CrontabError` where that changes the schedule."""
    setting = _SETTING.match(line)
    if setting and setting[1] in _ZONES:
        raise CrontabError(
            _(
                "“%(setting)s” sets a time zone. Write it into the field “time zone”, and paste the"
                " schedule without it."
            )
            % {"setting": shown(setting[0])}
        )
    return setting is not None


def _unquoted(line: str) -> str:
    """A line as it stands in the YAML of others, without the quotation marks around it."""
    quoted = len(line) > 1 and line[0] == line[-1] and line[0] in _QUOTES
    return line[1:-1].strip() if quoted else line
