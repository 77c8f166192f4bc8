"""What a page says: its texts, and the attributes that are shown, read out or told by a script."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_CODE = {"script", "style", "code", "pre", "textarea", "time"}
_SAID = {"alt", "aria-label", "aria-description", "placeholder", "title"}
_WORD = re.compile(r"[A-Za-z]{2,}")
_KNOWN = re.compile(
    r"""
    \{[^}]*\}                                    # an example of JSON; a place for scripts to fill
    | (?<![A-Za-z])(?:
        API | CSV | Ctrl-C | Django | ID | ISO | JSON | NUL | UTC | cron | crontab
        | MB | RETRY_DELAY_MOST | SECRET_KEY
        | countjobs\.countjob | django-apscheduler | json | max_instances
        | manage\.py\ (?:runscheduler|syncjobs)
        | Asia/Tokyo | Europe/London
        | @daily | jan | feb | dec | mon | fri | sat | sun | last | 2nd
        # What Django's own pages say in English:
        | False | Search | Select\ an\ option | True
    )(?![A-Za-z])
    """,
    re.VERBOSE,
)
"""What Japanese writes so, too, and what has to be typed so."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._in_code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_code += tag in _CODE
        self.texts += [value for name, value in attrs if value and _is_said(name, value)]

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag in _CODE

    def handle_data(self, data: str) -> None:
        if not self._in_code and data.strip():
            self.texts.append(" ".join(data.split()))


def _is_said(name: str, value: str) -> bool:
    # Scripts find sentences in data attributes, beside names of things.
    return name in _SAID or (name.startswith("data-") and " " in value and not value[0].islower())


def texts_of(page: str) -> list[str]:
    """Everything that a page says, piece by piece, but what is code."""
    reader = _Reader()
    reader.feed(page)
    return reader.texts


def english_in(page: str) -> list[str]:
    """The pieces of a page that hold an English word."""
    return [text for text in texts_of(page) if _WORD.search(_KNOWN.sub("", text))]
