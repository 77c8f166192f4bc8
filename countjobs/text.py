"""Text from outside: finding characters that databases can't store or that are invisible, and
quoting it safely.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

MOST_TEXT = 10_000
"""The most characters of a text field that sets no limit of its own."""

MOST_ERROR_CHARACTERS = 2_000

_MOST_SHOWN = 60


def validate_text(text: str) -> None:
    """Check that text can be stored and sent: no NUL, no lone surrogate. Raises ValidationError."""
    if "\0" in text:
        raise ValidationError(_("NUL characters are not allowed."), code="nul")
    if not is_encodable(text):
        raise ValidationError(
            _("Half a character (a lone surrogate, such as \\ud800) is not allowed."),
            code="surrogate",
        )


def counted(count: int, one: str) -> str:
    """A number with its noun, “1 run” or “3 runs”: for logs and commands, which are in English."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def validate_length(text: str, most: int = MOST_TEXT) -> None:
    """Check that text has at most so many characters. Raises ValidationError."""
    if len(text) > most:
        raise ValidationError(
            _("The text has %(length)d characters; at most %(most)d are allowed."),
            code="max_length",
            params={"length": len(text), "most": most},
        )


def is_encodable(text: str) -> bool:
    """Whether text can be written as UTF-8, which lone surrogates can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """The text with what PostgreSQL refuses written out: NUL, and halves of surrogate pairs."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")


def storable_bytes(text: str) -> bytes:
    """The same as UTF-8."""
    return text.encode(errors="backslashreplace").replace(b"\0", b"\\x00")


def shown(value: object) -> str:
    """A value as a message may quote it: short, in one line, and encodable whatever it holds."""
    return visible(Truncator(str(value)).chars(_MOST_SHOWN))


_EMOJI = (
    r"\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_ARABIC = r"\u0620-\u065f\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c7"
_VIRAMA = (
    r"\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u1039\u103a\u17d2"
)
_HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IN_PLACE = (
    # An emoji's look, and emojis that are made of several.
    rf"(?<=[{_EMOJI}])[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    rf"|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])"
    r"|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f"
    # Persian within a word; the scripts of India, where a consonant's form depends on it.
    rf"|(?<=[{_ARABIC}])\u200c(?=[{_ARABIC}])"
    rf"|(?<=[{_VIRAMA}])[\u200c\u200d]|[\u200c\u200d](?=[{_VIRAMA}])"
    # The variant of a Chinese character, as in Japanese names; of a Mongolian letter.
    rf"|(?<=[{_HAN}])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    r"|(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]"
)
_HIDDEN = (
    r"\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Control characters, line breaks, direction marks and invisible letters."""
_MARKS = re.compile(f"(?P<legitimate>{_IN_PLACE})|[{_HIDDEN}]")
_ANY_MARK = re.compile(f"[{_HIDDEN}]")
_LINE_START = re.compile(r"\n(?=\S)")
_WRITTEN_OUT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\x00"}


def visible(text: str, keep: str = "") -> str:
    """Text for one line of a log or a page, with invisible characters written out, as in `\\u001b`.

    These are control characters, line breaks, direction marks and invisible letters, except those
    in `keep`. Where a script or an emoji needs them, they stay.
    """
    if (text.isascii() and text.isprintable()) or not _ANY_MARK.search(text):
        return text

    def shown_as(found: re.Match[str]) -> str:
        mark = found[0]
        if found["legitimate"] or mark in keep:
            return mark
        return _WRITTEN_OUT.get(mark) or f"\\u{ord(mark):04x}"

    return _MARKS.sub(shown_as, text)


def visible_text(text: str) -> str:
    """The same for text that may have several lines, and tabs."""
    return visible(text, keep="\n\t")


def set_in(text: str) -> str:
    """The same, with each further line indented, so that none looks like a line of the log."""
    if text.isascii() and text.isprintable():
        return text  # as in nearly every line of a log
    return _LINE_START.sub("\n  ", visible_text(text))


def in_one_line(logger: logging.Logger) -> logging.Logger:
    """Make a logger show what it quotes (names, errors) in one line. Returns the logger."""
    logger.addFilter(_quote)
    return logger


def _quote(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(map(_quoted, record.args))
    return True


def _quoted(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    return visible(_said(value)) if isinstance(value, BaseException) else value


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return describe(error)


def validate_marks(text: str) -> None:
    """Check that a name has no invisible characters, except where a script or an emoji needs them.

    They could make it look like another name, or reverse the text beside it. Raises
    ValidationError.
    """
    found = (each[0] for each in _MARKS.finditer(text) if not each["legitimate"])
    if mark := next(found, ""):
        raise ValidationError(
            _(
                "The invisible character %(mark)s is not allowed here. Line breaks, "
                "control characters and direction marks are not allowed either."
            ),
            code="marks",
            params={"mark": f"U+{ord(mark):04X}"},
        )


def without_marks(text: str) -> str:
    """The text without invisible characters: what people may take it for."""
    return _ANY_MARK.sub("", text)


def describe(error: BaseException) -> str:
    """An error in a few words, as in the last line of a traceback. Raises nothing.

    An error comes from a job or a definition, so printing it may itself fail.
    """
    try:
        lines = traceback.TracebackException(type(error), error, None).format_exception_only()
        return storable("".join(lines).strip())[:MOST_ERROR_CHARACTERS]
    except BaseException:  # anything that printing the error may raise
        return f"{type(error).__name__}, which can't be printed"
