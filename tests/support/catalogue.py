"""Reads catalogues of translations, as they are written (.po) and as they are compiled (.mo)."""

from __future__ import annotations

import gettext
import re
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import countjobs

JAPANESE = Path(countjobs.__file__).parent / "locale/ja/LC_MESSAGES/django.po"

Key = tuple[str, str]
"""What a message is found by: its context, mostly none, and its English words."""

_LINE = re.compile(r'(?:(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) )?(".*")')
_GLUE = "\x04"
"""Between a context and its message, where they are compiled."""


@dataclass
class Message:
    """An entry of a catalogue."""

    flags: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)
    """The texts by their keyword, such as `msgid`."""

    @property
    def key(self) -> Key:
        return self.texts.get("msgctxt", ""), self.texts["msgid"]

    @property
    def plural(self) -> str | None:
        return self.texts.get("msgid_plural")

    @property
    def translations(self) -> list[str]:
        """One; or one for each plural form of the language, of which Japanese has one."""
        return [text for keyword, text in self.texts.items() if keyword.startswith("msgstr")]


def read_catalogue(text: str) -> dict[Key, Message]:
    """The messages of a .po file, but its header. Raises ValueError where one is there twice."""
    messages: dict[Key, Message] = {}
    for message in map(_read_message, re.split(r"\n{2,}", text.strip())):
        if not message.texts:
            continue  # nothing but comments
        if message.key in messages:
            raise ValueError(f"twice: {message.key}")
        messages[message.key] = message
    del messages["", ""]
    return messages


def _read_message(entry: str) -> Message:
    message, keyword = Message(), ""
    for line in entry.splitlines():
        if line.startswith("#,"):
            message.flags.update(flag.strip() for flag in line[2:].split(","))
        elif found := _LINE.fullmatch(line):
            keyword = found[1] or keyword
            message.texts[keyword] = message.texts.get(keyword, "") + literal_eval(found[2])
        elif not line.startswith("#"):
            raise ValueError(f"not understood: {line}")
    return message


def read_compiled(path: Path) -> dict[Key, list[str]]:
    """The translations of a .mo file, its header left out."""
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # nothing public lists it
    return dict(_keyed(catalogue))


def _keyed(catalogue: dict[str | tuple[str, int], str]) -> Iterator[tuple[Key, list[str]]]:
    # In order, so that the forms of a plural, which have an entry each, can be put together.
    forms: dict[Key, list[str]] = {}
    for each, text in catalogue.items():
        context, _glue, words = (each if isinstance(each, str) else each[0]).rpartition(_GLUE)
        if words:
            forms.setdefault((context, words), []).append(text)
    yield from forms.items()
