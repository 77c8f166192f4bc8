"""Messages in a form: rows of key and text, in order; and JSON for what has no place in rows."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.http import QueryDict
from django.test import Client

from countjobs.forms import KeyTextFormField
from countjobs.forms.key_text_rows import MOST_ROWS, KeyTextRows, Rows, row_problems, rows_of
from countjobs.models import CountJob
from tests.support.admin_pages import change_url
from tests.support.definition_form import errors_shown_at, form_values, rows_shown

pytestmark = pytest.mark.django_db

ADD = "/admin/countjobs/countjob/add/"


def rows_posted(*rows: tuple[str, str], **fields: str) -> dict[str, Any]:
    """What a browser posts for rows."""
    posted: dict[str, Any] = form_values(fields)
    del posted["messages"]
    keys, texts = zip(*rows, strict=True) if rows else ((), ())
    return posted | {"messages_key": list(keys), "messages_text": list(texts)}


def shown(client: Client, messages: dict[str, Any]) -> str:
    [definition] = CountJob.objects.bulk_create([CountJob(name="shown", messages=messages)])
    return client.get(change_url(definition)).content.decode()


def test_messages_are_shown_as_rows_in_their_order_with_empty_ones_after_them(
    client: Client,
) -> None:
    messages = {"z": "1", "a": "two\nlines", "m": "<b>&amp;"}
    assert rows_shown(shown(client, messages)) == [*messages.items(), ("", ""), ("", "")]


def test_a_new_definition_has_empty_rows(client: Client) -> None:
    assert rows_shown(client.get(ADD).content.decode()) == [("", "")] * 2


def test_rows_are_saved_in_the_order_of_the_page_and_empty_ones_are_dropped(
    client: Client,
) -> None:
    posted = rows_posted(("z", "1"), ("", ""), ("a", "two\r\nlines"), ("m", ""), ("", ""))
    assert client.post(ADD, posted).status_code == 302
    assert list(CountJob.objects.get().messages.items()) == [
        ("z", "1"),
        ("a", "two\nlines"),
        ("m", ""),
    ]


def test_emptied_rows_are_no_messages(client: Client) -> None:
    client.post(ADD, rows_posted(("", ""), ("", "")))
    assert CountJob.objects.get().messages == {}


def test_rows_that_are_shown_come_back_as_they_were(client: Client) -> None:
    messages = {" a ": " b\n\n", "一": "\n<textarea>", "k" * 1_000: "t" * 10_000}
    page = shown(client, messages)
    definition = CountJob.objects.get()
    client.post(change_url(definition), rows_posted(*rows_shown(page), name="saved"))
    definition.refresh_from_db()
    assert definition.name == "saved"
    assert list(definition.messages.items()) == list(messages.items())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("", "lost"), "This text has no key."),
        (("  ", "lost"), "This text has no key."),
        (("a", "again"), "The key “a” occurs more than once."),
        (("b", "\0"), "NUL characters are not allowed."),
        (("\0", "b"), "NUL characters are not allowed."),
    ],
)
def test_a_wrong_row_says_why_at_itself_and_nothing_is_lost(
    row: tuple[str, str], said: str, client: Client
) -> None:
    rows = [("a", "first"), row, ("c", "last")]
    response = client.post(ADD, rows_posted(*rows))
    page = response.content.decode()
    assert response.status_code == 200
    assert "One row is wrong" in errors_shown_at("messages", page)
    assert rows_shown(page)[:3] == rows
    [problem] = re.findall(r'<ul class="errorlist" id="(id_messages_problem_2)"><li>(.*?)<', page)
    assert problem[1] == said
    assert f'aria-invalid="true" aria-describedby="{problem[0]}"' in page
    assert not CountJob.objects.exists()


def test_rows_that_are_right_are_kept_when_another_field_is_wrong(client: Client) -> None:
    rows = [("b", "1"), ("a", "2\nlines")]
    page = client.post(ADD, rows_posted(*rows, hour="99")).content.decode()
    assert rows_shown(page)[:2] == rows
    assert "errorlist" not in page.split('name="messages_key"')[1]


def test_many_wrong_rows_are_counted(client: Client) -> None:
    page = client.post(ADD, rows_posted(*[("a", "b")] * 300)).content.decode()
    assert "299 rows are wrong" in errors_shown_at("messages", page)


@pytest.mark.parametrize("size", [64 * 1_024, 100_000])
def test_a_text_that_is_too_long_is_refused_and_kept(size: int, client: Client) -> None:
    page = client.post(ADD, rows_posted(("a", "x" * size))).content.decode()
    assert "at most 65536 are allowed" in errors_shown_at("messages", page)
    assert rows_shown(page)[0] == ("a", "x" * size)


@pytest.mark.parametrize(
    "messages",
    [
        {str(number): "text" for number in range(MOST_ROWS + 1)},
        {str(number): "text" for number in range(1_000)},
        {"a\nb": "a line has no newline"},
        {"a": "a browser makes\rof this"},
        {"": "no key"},
        {"a": 1},
        {"a": "\ud800"},
        ["not", "an", "object"],
    ],
)
def test_what_has_no_place_in_rows_is_edited_as_json_which_says_so(
    messages: Any, client: Client
) -> None:
    page = shown(client, messages)
    text = re.search(r'<textarea name="messages".*?>\n(.*?)</textarea>', page, re.DOTALL)
    assert text
    assert json.loads(unescape(text[1])) == messages
    assert "This is edited as JSON" in page
    assert "messages_key" not in page


def test_as_many_rows_as_are_shown_can_be_posted(client: Client) -> None:
    rows = [(str(number), "text") for number in range(400)]
    assert client.post(ADD, rows_posted(*rows)).status_code == 302
    assert len(CountJob.objects.get().messages) == 400


def test_a_thousand_messages_are_saved_as_json(client: Client) -> None:
    messages = {str(number): "text" for number in range(1_000)}
    assert client.post(ADD, form_values({"messages": json.dumps(messages)})).status_code == 302
    assert CountJob.objects.get().messages == messages


def test_the_label_leads_to_the_first_row(client: Client) -> None:
    page = client.get(ADD).content.decode()
    assert 'for="id_messages"' in page
    first = re.search(r'<input[^>]*name="messages_key"[^>]*>', page)
    assert first
    assert 'id="id_messages"' in first[0]
    assert page.count(' id="id_messages"') == 1
    assert 'aria-describedby="id_messages_helptext"' in first[0]


def test_another_order_is_a_change_and_the_same_rows_are_none() -> None:
    field = KeyTextFormField()
    assert not field.has_changed({"a": "1", "b": "2"}, Rows([("a", "1"), ("b", "2")]))
    assert field.has_changed({"a": "1", "b": "2"}, Rows([("b", "2"), ("a", "1")]))
    assert field.has_changed({}, Rows([("", "no key")]))


def test_a_form_without_the_field_leaves_it_alone() -> None:
    widget = KeyTextRows()
    assert widget.value_omitted_from_data(QueryDict("name=a"), {}, "messages")
    assert not widget.value_omitted_from_data(QueryDict("messages_key="), {}, "messages")
    assert not widget.value_omitted_from_data(QueryDict("messages={}"), {}, "messages")


def test_saving_the_rows_as_they_were_is_no_change_of_messages(client: Client) -> None:
    client.post(ADD, rows_posted(("b", "1"), ("a", "2")))
    definition = CountJob.objects.get()
    page = client.get(change_url(definition)).content.decode()
    assert "initial-messages" not in page
    client.post(change_url(definition), rows_posted(*rows_shown(page), hour="5"))
    assert "messages" not in LogEntry.objects.latest("pk").change_message
    assert "hour" in LogEntry.objects.latest("pk").change_message


def test_half_a_row_is_not_dropped() -> None:
    posted = QueryDict("messages_key=a&messages_key=b&messages_text=1")
    rows = KeyTextRows().value_from_datadict(posted, {}, "messages")
    assert rows == [("a", "1"), ("b", "")]


def test_only_what_comes_back_unchanged_makes_rows() -> None:
    assert rows_of({"a": "b"}) == [("a", "b")]
    assert rows_of("[") is None
    assert row_problems(Rows([("a", ""), ("b", "")])) == {}
