"""Text that came from outside: what no database can keep, and how to quote it all the same."""

from __future__ import annotations

import traceback

from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

MOST_TEXT = 10_000
"""Characters of a text field that sets no limit of its own."""

MOST_ERROR_CHARACTERS = 2_000

_MOST_SHOWN = 60


def validate_text(text: str) -> None:
    """Text can be stored and sent: no NUL, no half of a character. Raises ValidationError."""
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
    """Text has at most so many characters. Raises ValidationError."""
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
    """A value as a message may quote it: short, and encodable whatever it holds."""
    return storable(Truncator(str(value)).chars(_MOST_SHOWN))


def describe(error: BaseException) -> str:
    """An error in a few words, as the last line of a traceback has them. Raises nothing.

    An error comes from a job or a definition, and so may be unable to be printed.
    """
    try:
        lines = traceback.TracebackException(type(error), error, None).format_exception_only()
        return storable("".join(lines).strip())[:MOST_ERROR_CHARACTERS]
    except Exception:
        return f"{type(error).__name__}, which can't be printed"
