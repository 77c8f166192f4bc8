"""Text that any database takes."""

from __future__ import annotations

import traceback

MOST_ERROR_CHARACTERS = 2_000


def storable(text: str) -> str:
    """The text with what PostgreSQL refuses written out: NUL, and halves of surrogate pairs."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")


def describe(error: BaseException) -> str:
    """An error in a few words, as the last line of a traceback has them. Raises nothing.

    An error comes from a job or a definition, and so may be unable to be printed.
    """
    try:
        lines = traceback.TracebackException(type(error), error, None).format_exception_only()
        return storable("".join(lines).strip())[:MOST_ERROR_CHARACTERS]
    except Exception:
        return f"{type(error).__name__}, which can't be printed"
