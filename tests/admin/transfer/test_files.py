"""Files that are no files of definitions, or bad ones: each refused, and where it is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from countjobs.models import CountJob
from countjobs.transfer import reading
from countjobs.transfer.entries import State
from tests.app.models import Greeting
from tests.support.bad_definitions import AT_MODEL, THROUGH_PAGES, Bad, model_values, title_of
from tests.support.transfers import IMPORT, document, entry, plan_of, problems, rows, sent

pytestmark = pytest.mark.django_db

WHOLE: dict[str, tuple[str, str]] = {
    "empty": (" \n", "choose a file or paste"),
    "not JSON": ("hello", "This is not JSON: Expecting value, line 1, column 1"),
    "cut off": (document(entry())[:-3], "This is not JSON"),
    "a list": ("[]", "not a file of exported definitions"),
    "a number": ("7", "not a file of exported definitions"),
    "null": ("null", "not a file of exported definitions"),
    "another format": ('{"format": "crontab"}', "not a file of exported definitions"),
    "no version": ('{"format": "countjobs"}', "must be a whole number"),
    "version true": (document(version=True), "must be a whole number"),
    "version 0": (document(version=0), "must be a whole number"),
    "version 1.0": (document(version=1.0), "must be a whole number"),
    "a newer version": (document(version=2), "reads versions up to 1"),
    "a much newer version": (document(version=10**4_000), "reads versions up to 1"),
    "an unknown key": (document(more=1), "an unknown key: “more”"),
    "no definitions": ('{"format": "countjobs", "version": 1}', "no list of “definitions”"),
    "an object of definitions": (document(definitions={}), "no list of “definitions”"),
    "too many": (document(*([1] * 5_001)), "5001 entries; at most 5000"),
    "deep": ("[" * 100_000, "nested too deeply"),
    "deep, and closed": ("[" * 900 + "]" * 900, "nested too deeply"),
    "deep in an entry": (
        document(entry(messages=json.loads('{"a":' * 55 + "1" + "}" * 55))),
        "nested too deeply",
    ),
    "a key twice": (
        '{"format": "countjobs", "version": 1, "definitions": '
        '[{"name": "<b>", "count": 1, "count": 2}]}',
        "“count” occurs more than once in “<b>”",
    ),
    "NaN": (document(entry(count=float("nan"))), "NaN is not a number"),
    "infinity": (document(entry(count=float("-inf"))), "-Infinity is not a number"),
    "a number too big": (document(entry(count=1)).replace("1}", "1e999}"), "1e999 is not a number"),
    "thousands of digits": (document(entry(count=7)).replace("7", "7" * 9_999), "not JSON"),
    "half a letter as key": (document(**{"\ud800": 1}), "unknown key: “\\ud800”"),
    "markup": ("<script>alert(1)</script>", "This is not JSON"),
}


@pytest.mark.parametrize("what", WHOLE)
def test_a_file_that_is_none_is_refused_as_a_whole_and_the_text_is_kept(
    what: str, client: Client
) -> None:
    text, fragment = WHOLE[what]
    page = sent(client, text)
    assert escape(fragment) in page.split('id="content-main"')[1]
    assert escape(text.strip()) in page
    assert 'name="packed"' not in page


ENTRIES: dict[str, tuple[Any, str, str]] = {
    "a number": (7, "", "not an object"),
    "null": (None, "", "not an object"),
    "a list": ([[]], "", "not an object"),
    "no name": ({"model": "countjobs.countjob"}, "name", "needs a “name”"),
    "an empty name": (entry(""), "name", "needs a “name”"),
    "a number as name": ({**entry(), "name": 7}, "name", "needs a “name”"),
    "a long name": (entry("x" * 100_000), "name", "at most 200 characters"),
    "NUL in a name": (entry("a\0"), "name", "NUL"),
    "half a letter in a name": (entry("a\ud800"), "name", "lone surrogate"),
    "no model": ({"name": "a"}, "model", "must be countjobs.countjob, not None"),
    "another model": ({**entry(), "model": "auth.user"}, "model", "not auth.user"),
    "an object as model": ({**entry(), "model": {"a": "b"}}, "model", "countjobs.countjob, not {"),
    "an unknown field": (entry(colour="red"), "colour", "no such field"),
    "a key": (entry(id=1), "id", "no such field"),
    "a class": (entry(__class__="x"), "__class__", "no such field"),
    "a long field": (entry(**{"x" * 100_000: 1}), "x" * 59 + "…", "no such field"),
    "a field with half a letter": (entry(**{"\ud800": 1}), "\\ud800", "no such field"),
    "text for true": (entry(enabled="yes"), "enabled", 'true or false, not "yes"'),
    "a number for true": (entry(enabled=1), "enabled", "true or false, not 1"),
    "true for a number": (entry(count=True), "count", "a whole number, not true"),
    "text for a number": (entry(count="3"), "count", 'a whole number, not "3"'),
    "a fraction": (entry(count=3.5), "count", "a whole number, not 3.5"),
    "a number for text": (entry(hour=5), "hour", "text, in quotation marks, not 5"),
    "a list for text": (entry(description=[1]), "description", "text, in quotation marks"),
    "a huge number": (entry(count=10**4_000), "count", "less than or equal to"),
    "a negative number": (entry(count=-1), "count", "greater than or equal to"),
    "null for text": (entry(description=None), "description", "cannot be null"),
    "null for a number": (entry(jitter=None), "jitter", "cannot be null"),
    "null for messages": (entry(messages=None), "messages", "cannot be null"),
    "a date without offset": (
        entry(start_date="2030-01-01T00:00:00"),
        "start_date",
        "no UTC offset",
    ),
    "a day": (entry(start_date="2030-01-01"), "start_date", "no UTC offset"),
    "no date": (entry(start_date="tomorrow"), "start_date", "invalid format"),
    "an early date": (entry(start_date="0001-01-01T00:00:00+14:00"), "start_date", "invalid date"),
    "a late date": (
        entry(end_date="9999-12-31T23:59:59+00:00"),
        "end_date",
        "between 1970 and",
    ),
    "messages that are none": (entry(messages=[1]), "messages", "must be a JSON object"),
    "a message with NUL": (entry(messages={"a": "\0"}), "messages", "NUL"),
    "a long description": (entry(description="x" * 100_000), "description", "100000 characters"),
    "never": (entry(month="2", day="31"), "", "never runs"),
}


@pytest.mark.parametrize("what", ENTRIES)
def test_a_bad_entry_is_refused_at_its_field_and_the_others_are_not(what: str) -> None:
    bad, field, fragment = ENTRIES[what]
    text = document(bad, entry("good"))
    [(where, message)] = problems(plan_of(text))
    assert where == field
    assert fragment.lower() in message.lower()


@pytest.mark.parametrize("what", ["null", "a long name", "a field with half a letter", "no date"])
def test_the_page_shows_a_bad_entry_and_would_import_the_others(what: str, client: Client) -> None:
    text = document(ENTRIES[what][0], entry("good"))
    [(_where, message)] = problems(plan_of(text))
    page = sent(client, text)
    assert "Import 1 definition" in page
    assert message[:60] in rows(page)[0]


TRIED = [
    bad for bad in AT_MODEL if bad.title in THROUGH_PAGES and bad.title != "a name that is taken"
]


@pytest.mark.parametrize("bad", TRIED, ids=title_of)
def test_what_the_model_refuses_is_refused(bad: Bad) -> None:
    values = json.dumps(model_values(bad), default=lambda moment: moment.isoformat())
    [planned] = plan_of(document({**entry("bad"), **json.loads(values)})).entries
    assert bad.field in {field or "__all__" for field, _message in planned.problems}
    assert planned.state is State.REFUSED


def test_all_that_is_wrong_with_an_entry_is_told_at_once() -> None:
    plan = plan_of(document(entry(count="3", hour="25", colour="red", timezone="Mars")))
    assert sorted(field for field, _message in problems(plan)) == [
        "colour",
        "count",
        "hour",
        "timezone",
    ]


def test_of_two_entries_of_a_name_both_are_refused() -> None:
    plan = plan_of(document(entry("a"), entry("b"), entry("a", hour="5")))
    assert [each.number for each in plan.entries if each.problems] == [1, 3]
    assert [each.name for each in plan.to_save] == ["b"]


def test_of_one_entry_only_so_much_is_told() -> None:
    plan = plan_of(document(entry(**{f"x{n}": 1 for n in range(1_000)})))
    assert len(problems(plan)) == 20


def test_the_digest_does_not_depend_on_chance() -> None:
    text = document(entry(**{f"x{n}": 1 for n in range(9)}), entry("b", hour="5"))
    assert plan_of(text).digest() == plan_of(text).digest()
    assert plan_of(text).digest() != plan_of(text.replace("x7", "y7")).digest()


HOSTILE = ["<script>alert(1)</script>", "\u202edlo", "\x1b[31m", "{{ 7 }}", "x" * 150, "\u200bz"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text_with_what_deceives_written_out(
    text: str, client: Client
) -> None:
    CountJob.objects.create(name=text, description="old")
    page = sent(client, document(entry(text, description=text), entry(f"{text}2", hour=text)))
    content = page.split('id="content-main"')[1].split("<form")[0]
    assert "<script>" not in content
    assert not {"\u202e", "\x1b", "\u200b"} & set(content)
    shown = text
    for letter in "\u202e\x1b\u200b":
        shown = shown.replace(letter, f"\\u{ord(letter):04x}")
    assert escape(shown) in content


@pytest.mark.django_db
def test_a_new_name_with_what_nobody_sees_is_refused_and_an_old_one_goes_on() -> None:
    """Issue 8, line 45: what is there may be changed, and goes on."""
    CountJob.objects.create(name="old\u202e")
    plan = plan_of(document(entry("old\u202e", count=7), entry("new\u202e"), entry("old")))
    states = {each.name: str(each.state) for each in plan.entries}
    assert states == {"old\u202e": "changed", "new\u202e": "refused", "old": "added"}
    [(field, reason)] = problems(plan)
    assert field == "name"
    assert "U+202E" in reason


def test_a_file_that_is_too_big_is_refused(client: Client) -> None:
    file = SimpleUploadedFile("x.json", b" " * (reading.MOST_BYTES + 1))
    assert "larger than 10 megabytes" in client.post(IMPORT, {"file": file}).content.decode()


@pytest.mark.parametrize("content", [b"\xff\xfe{\0", b"\x80", b"PK\x03\x04\xe9"])
def test_a_file_that_is_no_text_is_refused(content: bytes, client: Client) -> None:
    file = SimpleUploadedFile("x.json", content)
    assert "not text in UTF-8" in client.post(IMPORT, {"file": file}).content.decode()


def test_an_empty_file_is_refused(client: Client) -> None:
    page = client.post(IMPORT, {"file": SimpleUploadedFile("x.json", b"")}).content.decode()
    assert "The file is empty" in page


def test_a_pasted_text_that_is_too_long_is_refused(client: Client) -> None:
    assert "at most 500000 characters" in sent(client, " " * 500_001)


def test_nul_in_a_pasted_text_is_refused(client: Client) -> None:
    assert "Null characters are not allowed" in sent(client, "{\0}")


def test_a_file_of_nothing_says_so(client: Client) -> None:
    assert "The file has no definitions" in sent(client, document())


def test_a_doubled_key_is_found_quickly_among_very_many() -> None:
    keys = ",".join(f'"k{n}":1' for n in range(50_000))
    with pytest.raises(ValidationError, match="k49999"):
        reading.read_entries(f'{{{keys},"k49999":2}}')


def test_an_entry_of_another_kind_is_refused_on_the_page_of_this_one() -> None:
    text = document({"model": "app.greeting", "name": "hi", "greeted": "World"})
    assert plan_of(text, Greeting).to_save
    assert [field for field, _message in problems(plan_of(text))] == ["model"]
