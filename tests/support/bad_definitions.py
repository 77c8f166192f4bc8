"""Bad definitions, as data: what is wrong, the field that says so, and a piece of the message.

Values are written as they are typed into the form. At the model they are the same texts, but dates
are instants and messages are what the JSON says, unless `model` gives others. Where `model` or
`form` is a sentence, the case can't exist there, and the sentence says why.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import make_aware

NO_FIELD = "__all__"

TEXT_IS_PARSED = "only a text can fail to be JSON; a model gets what it was parsed to"
DICTS_HAVE_NO_DUPLICATES = "a dict can't hold a key twice"
FORMS_HAVE_NO_SURROGATES = "UTF-8, in which forms are sent, can't spell half a character"
FORMS_ARE_AWARE = "the form reads every date in the site's zone"
JSON_KEYS_ARE_TEXT = "the keys of JSON objects are texts"


@dataclass(frozen=True)
class Bad:
    """One bad definition."""

    title: str
    field: str
    fragment: str
    posted: dict[str, str]
    model: dict[str, Any] | str | None = None
    model_fragment: str | None = None
    form: str | None = None
    keeps_typed: bool = True
    """Whether the page shows the bad value again; a list to choose from can't."""


def _one(field: str, value: str, fragment: str, title: str = "", **more: Any) -> Bad:
    return Bad(title or f"{field} {value[:40]!r}", field, fragment, {field: value}, **more)


def _json(title: str, value: Any, fragment: str) -> Bad:
    return _one(
        "messages", json.dumps(value), fragment, f"messages: {title}", model={"messages": value}
    )


CRON = [
    _one("year", "1969", "1969"),
    _one("year", "next", "not understood"),
    _one("year", "2026-2020", "2026-2020"),
    _one("month", "13", "13"),
    _one("month", "0", "0"),
    _one("month", "smarch", "not understood"),
    _one("month", "nov-feb", "can't go backwards"),
    _one("day", "32", "32"),
    _one("day", "0", "0"),
    _one("day", "6th mon", "6th mon"),
    _one("day", "last someday", "last someday"),
    _one("week", "54", "54"),
    _one("week", "first", "not understood"),
    _one("day_of_week", "mon-fri/2", "mon-fri/2"),
    _one("day_of_week", "sun-mon", "can't go backwards"),
    _one("day_of_week", "7", "0 (mon) to 6 (sun)"),
    _one("day_of_week", "last fri", "in the field “day”"),
    _one("day_of_week", "funday", "not understood"),
    _one("hour", "24", "24"),
    _one("hour", "9am", "not understood"),
    _one("hour", "17-9", "17-9"),
    _one("minute", "60", "60"),
    _one("minute", "*/0", "*/0"),
    _one("minute", "*/100", "*/100"),
    _one("minute", "1,,2", "comma"),
    _one("minute", ",5", "comma"),
    _one("minute", "-5", "not understood"),
    _one("minute", "5 10", "5 10"),
    _one("second", "61", "61"),
    _one("second", "*/", "not understood"),
    _one("second", "1.5", "not understood"),
    _one("second", "٣٣٣", "٣٣٣", "second in foreign digits, out of range"),
    _one("second", "<b>5</b>", "not understood"),
    _one("second", "1" * 256, "255", "second longer than its column"),
    _one("hour", "0\0", "haracter", "hour with a NUL", model_fragment="not"),
]

NEVER = [
    Bad("31 February", NO_FIELD, "never runs", {"day": "31", "month": "2"}),
    Bad("30 feb by name", NO_FIELD, "never runs", {"day": "30", "month": "feb"}),
    Bad("1 January in week 30", NO_FIELD, "never runs", {"day": "1", "month": "1", "week": "30"}),
    Bad("a year that is over", NO_FIELD, "has no more runs", {"year": "1999"}),
    Bad("29 February 2027", NO_FIELD, "never runs", {"year": "2027", "month": "2", "day": "29"}),
]

BOUNDS = [
    Bad(
        "end before start",
        "end_date",
        "must not be before",
        {"start_date": "2090-01-02 00:00:00", "end_date": "2090-01-01 00:00:00"},
    ),
    _one("end_date", "2001-01-01 00:00:00", "has no more runs", "end in the past"),
    _one("start_date", "0001-01-01 00:00:00", "1970", "start in the year 1"),
    _one("end_date", "9999-12-31 23:59:59", "1970", "end in the year 9999"),
    _one("start_date", "2030-02-30 00:00:00", "valid date", "start on 30 February"),
    _one("start_date", "tomorrow noon", "valid date", "start in words", model_fragment="format"),
    _one("end_date", "2030-01-01 25:61:00", "valid time", "end at 25:61", model_fragment="valid"),
    Bad(
        "a naive start",
        "start_date",
        "no time zone",
        {},
        model={"start_date": "2090-01-01 00:00:00"},
        form=FORMS_ARE_AWARE,
    ),
    _one("timezone", "Mars/Phobos", "no time zone"),
    _one("timezone", "", "required", "no zone", model_fragment="blank"),
    _one("timezone", "America", "no time zone", "a zone that is a directory"),
    _one("timezone", "../../etc/passwd", "no time zone", "a zone that is a path"),
    _one("timezone", "asia/tokyo", "no time zone", "a zone in small letters"),
    _one("timezone", "JST-9", "no time zone", "a zone as POSIX writes it"),
    _one("timezone", "x" * 65, "64", "a zone longer than its column"),
    _one("jitter", "-1", "greater than or equal to 0"),
    _one("jitter", "3601", "less than or equal to 3600"),
    _one("jitter", "some", "whole number", model_fragment="integer"),
    _one("jitter", "9" * 30, "less than or equal to 3600", "jitter of 30 digits"),
]

RULES = [
    _one("misfire_grace_time", "0", "greater than or equal to 1"),
    _one("misfire_grace_time", "-5", "greater than or equal to"),
    _one("misfire_grace_time", "never", "whole number", model_fragment="integer"),
    _one("misfire_grace_time", "9" * 18, "less than or equal to", "grace beyond any calendar"),
    _one("max_instances", "0", "greater than or equal to 1"),
    _one("max_instances", "-1", "greater than or equal to"),
    _one("max_instances", "1001", "less than or equal to 1000"),
    _one("max_instances", "", "required", "no max_instances", model_fragment="integer"),
    _one(
        "executor",
        "quantum",
        "not one of the available",
        keeps_typed=False,
        model_fragment="valid choice",
    ),
]

NAMES = [
    _one("name", "", "required", "no name", model_fragment="blank"),
    _one("name", "x" * 201, "200", "a name that is too long"),
    _one("name", "x" * 100_000, "200", "a name of 100,000 letters"),
    _one("name", "taken", "already exists", "a name that is taken"),
    _one("name", "nul\0nul", "characters are not allowed", "a name with a NUL"),
    _one("description", "nul\0nul", "characters are not allowed", "a description with a NUL"),
    _one("description", "x" * 100_000, "10000", "a description of 100,000 letters"),
    Bad(
        "a name with half a character",
        "name",
        "lone surrogate",
        {},
        model={"name": "half \ud800"},
        form=FORMS_HAVE_NO_SURROGATES,
    ),
    Bad(
        "a description with half a character",
        "description",
        "lone surrogate",
        {},
        model={"description": "half \udfff"},
        form=FORMS_HAVE_NO_SURROGATES,
    ),
]

MESSAGES = [
    _json("a list", ["one"], "must be a JSON object"),
    _json("an empty list", [], "must be a JSON object"),
    _json("a number", 1, "must be a JSON object"),
    _json("a text", "one", "must be a JSON object"),
    _json("an empty text", "", "must be a JSON object"),
    _json("true", True, "must be a JSON object"),
    Bad(
        "messages: null",
        "messages",
        "cannot be null",
        {"messages": "null"},
        model={"messages": None},
    ),
    _json("null for a text", {"one": None}, "“one” must be text"),
    _json("a number for a text", {"one": "1", "two": 2}, "“two” must be text"),
    _json("an object in the object", {"one": {"two": "2"}}, "“one” must be text"),
    _json("a list in the object", {"one": ["1"]}, "“one” must be text"),
    _json("1,001 entries", {str(n): "x" for n in range(1_001)}, "1001 messages"),
    _json("over 64 KiB", {"one": "x" * 65_536}, "bytes"),
    _json("over 64 KiB in few characters", {"one": "円" * 22_000}, "bytes"),
    _json("an escaped NUL", {"one": "a\0b"}, "NUL"),
    _json("an escaped NUL in a key", {"a\0b": "one"}, "NUL"),
    _json("half a character", {"one": "\ud800"}, "lone surrogate"),
    _json("half a character in a key", {"\ud800": "one"}, "lone surrogate"),
    _json("half a character in a key of a number", {"\ud800": 1}, "must be text"),
    _one("messages", "{'one': 'one'}", "not JSON", model=TEXT_IS_PARSED),
    _one("messages", '{"one": "one count."', "not JSON", model=TEXT_IS_PARSED),
    _one("messages", '{"one": "a\nb"}', "not JSON", model=TEXT_IS_PARSED),
    _one("messages", '{"one": "a\0b"}', "not JSON", "messages: a raw NUL", model=TEXT_IS_PARSED),
    _one(
        "messages", '{"one": NaN}', "“one” must be text", model={"messages": {"one": float("nan")}}
    ),
    # “nested too deeply”, or “not JSON”: it depends on how deep this Python's parser goes.
    _one("messages", "[" * 5_000, "This is", "messages: deep and unclosed", model=TEXT_IS_PARSED),
    _one("messages", "[" * 60 + "]" * 60, "nested", "messages: deep", model=TEXT_IS_PARSED),
    _one("messages", "1" * 5_000, "not JSON", "messages: a huge number", model=TEXT_IS_PARSED),
    _one("messages", " " * 600_000 + "{}", "characters", "messages: long", model=TEXT_IS_PARSED),
    _one(
        "messages",
        '{"one": "first", "two": "2", "one": "second"}',
        "“one” occurs more than once",
        model=DICTS_HAVE_NO_DUPLICATES,
    ),
    _one(
        "messages",
        '{"\\ud800": "1", "\\ud800": "2"}',
        "occurs more than once",
        "messages: a key of half a character, twice",
        model=DICTS_HAVE_NO_DUPLICATES,
    ),
    Bad(
        "messages: a key that is a number",
        "messages",
        "must be text",
        {},
        model={"messages": {1: "one"}},
        form=JSON_KEYS_ARE_TEXT,
    ),
]

COUNTS = [
    _one("count", "-1", "greater than or equal to 0"),
    _one("count", "1000001", "less than or equal to 1000000"),
    _one("count", "1.5", "whole number", model_fragment="integer"),
    _one("count", "three", "whole number", model_fragment="integer"),
    _one("count", "", "required", "no count", model_fragment="integer"),
    _one("count", "9" * 40, "less than or equal to 1000000", "a count of 40 digits"),
]

BAD = [*CRON, *NEVER, *BOUNDS, *RULES, *NAMES, *MESSAGES, *COUNTS]

THROUGH_PAGES = {
    "minute '60'",
    "second '<b>5</b>'",
    "hour with a NUL",
    "31 February",
    "end before start",
    "start on 30 February",
    "a zone that is a path",
    "executor 'quantum'",
    "a name of 100,000 letters",
    "a name that is taken",
    "messages: half a character",
    "messages: deep and unclosed",
    "messages: over 64 KiB",
    "a count of 40 digits",
}
"""The titles of some of each kind, which whole pages are tried with, too."""

AT_MODEL = [bad for bad in BAD if not isinstance(bad.model, str)]


def title_of(bad: Bad) -> str:
    return bad.title.replace("\0", "NUL")


def model_values(bad: Bad) -> dict[str, Any]:
    if isinstance(bad.model, dict):
        return bad.model
    return {name: _model_value(name, text) for name, text in bad.posted.items()}


def _model_value(name: str, text: str) -> Any:
    if not name.endswith("_date"):
        return json.loads(text) if name == "messages" else text
    try:
        moment = parse_datetime(text)
    except ValueError:
        return text
    return make_aware(moment) if moment else text
