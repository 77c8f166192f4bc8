"""Text that any database takes."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text with what PostgreSQL refuses written out: NUL, and halves of surrogate pairs."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
