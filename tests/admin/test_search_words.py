"""Issue 8, line 43: a search looks for a few words, and the page says so where there are more."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from countjobs.admin.list_pages import MOST_WORDS, left_out, shortened
from countjobs.models import CountJob
from tests.support.factories import make_execution

NOTE = f"Only the first {MOST_WORDS} words are searched for."
LISTS = [
    "/admin/countjobs/countjob/",
    "/admin/countjobs/execution/",
    "/admin/countjobs/schedulernode/",
    "/admin/countjobs/parkedjob/",
]


@pytest.mark.django_db
@pytest.mark.parametrize("address", LISTS)
def test_hundreds_of_words_are_a_few_to_the_database_and_the_page_says_so(
    address: str, client: Client
) -> None:
    CountJob.objects.create(name="a")
    make_execution()
    text = "+".join(str(number) for number in range(300))
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page = client.get(f"{address}?q={text[:1000]}").content.decode()
    assert NOTE in page
    assert most_patterns(captured) <= 2 * MOST_WORDS
    few = "+".join(str(number) for number in range(MOST_WORDS))
    assert NOTE not in client.get(f"{address}?q={few}").content.decode()
    assert NOTE not in client.get(address).content.decode()


def most_patterns(captured: Any) -> int:
    return max(str(query["sql"]).upper().count(" LIKE ") for query in captured.captured_queries)


@pytest.mark.django_db
def test_what_has_the_first_words_is_found(client: Client) -> None:
    words = [f"w{number}x" for number in range(20)]
    CountJob.objects.create(name=" ".join(words[:MOST_WORDS]))
    page = client.get(f"{LISTS[0]}?q={'+'.join(words)}").content.decode()
    assert "w0x w1x" in page
    assert "Nothing matches" not in page


def test_words_that_come_again_are_no_others_and_quotes_hold_words_together() -> None:
    assert not left_out("a b " * 250)
    assert shortened("a b " * 250) == "a b"
    quoted = '"one two three" ' + " ".join("abcdefghi")
    assert not left_out(quoted)
    assert shortened(quoted) == quoted
    assert shortened(quoted + " j k") == quoted
    assert shortened("a  b ") == "a  b "
