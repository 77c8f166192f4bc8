"""The words of a search. Each costs a look at every row, so no more than a few are searched for."""

from __future__ import annotations

from django.utils.text import smart_split

MOST_WORDS = 10


def left_out(text: str) -> bool:
    """Whether a search has more words than are searched for. One that comes again is no other."""
    return len(_words(text)) > MOST_WORDS


def shortened(text: str) -> str:
    """The first words of a search; a text in quotation marks is one word."""
    words = list(smart_split(text))
    return text if len(words) <= MOST_WORDS else " ".join(_words(text)[:MOST_WORDS])


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(smart_split(text)))
