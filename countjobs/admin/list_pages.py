"""What all lists have in common: what a URL may ask of them, and how a page of rows is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import FieldError
from django.db import DataError, NotSupportedError, ProgrammingError, models
from django.http import HttpRequest
from django.utils.text import smart_split

if TYPE_CHECKING:
    from countjobs.admin.page import PageAdmin

MOST_WORDS = 10
"""How many words of a search are used: each one is looked for in every row."""

_LONGEST_SEARCH = 1_000
"""Characters."""

_NEVER = ("__regex", "__iregex", "__range")
"""Lookups that no URL may use."""

_IMPOSSIBLE = (
    *(DataError, NotSupportedError, ProgrammingError),
    *(FieldError, OverflowError, ValueError),
)
"""What Django, a driver or a database raises for a lookup that makes no sense."""


def left_out(text: str) -> bool:
    """Whether a search has more words than are searched for. Repeated words count once."""
    return len(_words(text)) > MOST_WORDS


def shortened(text: str) -> str:
    """The first words of a search; a text in quotation marks is one word."""
    words = list(smart_split(text))
    return text if len(words) <= MOST_WORDS else " ".join(_words(text)[:MOST_WORDS])


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(smart_split(text)))


def is_offered(lookup: str, list_filters: Iterable[Any]) -> bool:
    """Whether a URL may use this lookup: only if the list has a filter for it.

    Django allows any lookup on the model's own fields: some that no database can answer, a range,
    for which a URL can't give two ends, and regular expressions, which may take for ever.
    """
    names = {_asked_as(each) for each in list_filters}
    is_asked = any(lookup == name or lookup.startswith(f"{name}__") for name in names)
    return is_asked and not lookup.endswith(_NEVER)


def _asked_as(list_filter: Any) -> str:
    """The name of a filter in a URL, for the three ways to write a filter."""
    if isinstance(list_filter, type):
        return str(getattr(list_filter, "parameter_name", ""))
    return str(list_filter if isinstance(list_filter, str) else list_filter[0])


@contextmanager
def no_impossible_lookups() -> Iterator[None]:
    """Treat lookups that a database or its driver can't even be asked as wrong parameters."""
    try:
        yield
    except _IMPOSSIBLE as error:
        raise IncorrectLookupParameters from error


class PageChangeList(ChangeList):
    """A list that reads the facts of all rows of its page at once."""

    most_words = MOST_WORDS

    @property
    def leaves_words_out(self) -> bool:
        """Whether the search has more words than are searched for: the page says so."""
        return left_out(self.query)

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> models.QuerySet[Any]:
        """As Django's. PostgreSQL can't be asked for text that contains NUL, nor SQLite for a very
        long one.
        """
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            raise IncorrectLookupParameters
        if len(request.GET.get(SEARCH_VAR, "")) > _LONGEST_SEARCH:
            raise IncorrectLookupParameters
        return super().get_queryset(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        """As Django's; then the admin reads the facts of the rows.

        What the database can't even be asked for, such as a number of thirty digits, doesn't exist.
        """
        with no_impossible_lookups():
            super().get_results(request)
        cast("PageAdmin", self.model_admin).load_facts(request, list(self.result_list))
