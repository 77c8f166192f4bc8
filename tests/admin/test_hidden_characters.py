"""Issue 8, line 45: what nobody sees in a text is written out, or refused in a name."""

from __future__ import annotations

import logging
import sys
import unicodedata
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

import countjobs
from countjobs.executors.output import TerminalFormatter
from countjobs.management.commands.runjob import find_definition
from countjobs.models import CountJob, ParkedJob
from countjobs.models.executions import Status
from countjobs.text import in_one_line, set_in, shown, validate_marks, visible, visible_text
from tests.app.models import Greeting
from tests.support.errors import MuteError
from tests.support.factories import make_definition, make_execution

SEEN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Signs of Arabic, Syriac and Kaithi numbers: of the category Cf, but drawn."""
EGYPTIAN = range(0x13430, 0x13460)
"""They arrange hieroglyphs."""

GOOD = [
    "daily report",
    "毎日の集計　二",
    "可以\U000e0100",  # a Chinese character's variant
    "می\u200cشود",  # Persian
    "क\u094d\u200dष",  # Hindi
    "র\u200d\u09cdয",  # Bengali
    "👩\u200d👩\u200d👧 family",
    "🏳\ufe0f\u200d🌈",
    "❤\ufe0f",
    "1\ufe0f\u20e3 first",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "⛹🏽\u200d♂\ufe0f",
    "שלום",
]
BAD = [
    ("a\nb", "a\\nb"),
    ("a\r\nb\t", "a\\r\\nb\\t"),
    ("\x1b[31mred\x1b[0m", "\\u001b[31mred\\u001b[0m"),
    ("\x9b31m", "\\u009b31m"),
    ("a\x00", "a\\x00"),
    ("a\u200bb", "a\\u200bb"),
    ("a\u200db", "a\\u200db"),
    ("a\u200cb", "a\\u200cb"),
    ("a\ufe0f", "a\\ufe0f"),
    ("\u202elive", "\\u202elive"),
    ("\u200fa", "\\u200fa"),
    ("a\u2028b\u2029", "a\\u2028b\\u2029"),
    ("a\u00adb", "a\\u00adb"),
    ("\ufeffa", "\\ufeffa"),
    ("a\u3164", "a\\u3164"),
    ("a\U000e0061", "a\\u" + "e0061"),
    ("half \ud83d", "half \\ud83d"),
]


@pytest.mark.parametrize("text", GOOD)
def test_what_scripts_and_emojis_need_stays(text: str) -> None:
    assert visible(text) == text
    validate_marks(text)


@pytest.mark.parametrize(("text", "written"), BAD)
def test_what_nobody_sees_is_written_out_and_refused(text: str, written: str) -> None:
    assert visible(text) == written
    with pytest.raises(ValidationError, match=r"U\+"):
        validate_marks(text)


def test_every_control_line_break_and_format_character_is_one_of_them() -> None:
    unseen = {
        number
        for number in range(sys.maxunicode + 1)
        if unicodedata.category(chr(number)) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    passed = {number for number in unseen if visible(f"a{chr(number)}b") == f"a{chr(number)}b"}
    assert passed <= SEEN | {*EGYPTIAN}


@given(st.text())
def test_one_line_stays_one_line(text: str) -> None:
    assert len(visible(text).splitlines()) <= 1
    assert visible(visible(text)) == visible(text)
    assert visible_text(text).encode().decode() == visible_text(text)


@given(st.text(st.sampled_from("a \n\t\r\x1b\u2028\x85x")))
def test_in_several_lines_none_but_the_first_begins_at_the_edge(text: str) -> None:
    lines = set_in(text).splitlines()
    assert not [line for line in lines[1:] if line and not line[0].isspace()]


def test_a_text_of_64_kib_of_marks_is_written_out_quickly() -> None:
    assert len(visible("\x1b\u200d👩" * 16_000)) < 300_000


# The log


FORGED = 'x" executed successfully\n2026-11-27 12:00:00 INFO Job "y\x1b[2J\u202e'


def test_no_name_makes_a_line_of_the_terminals_log() -> None:
    record = logging.makeLogRecord(
        {"levelname": "INFO", "msg": 'Job "%s"', "args": (FORGED,), "created": 0}
    )
    _first, second = TerminalFormatter().format(record).split("\n")
    assert second.startswith("  2026-11-27")
    assert second.endswith('\\u001b[2J\\u202e"')


def test_whatever_formats_them_our_records_quote_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = in_one_line(logging.getLogger("tests.marks"))
    logger.warning("%s %s %s %d", FORGED, ValueError("a\nb"), MuteError(), 7)
    logger.warning("%(name)s", {"name": "as it is"})
    assert "\n" not in caplog.messages[0]
    assert "\x1b" not in caplog.messages[0]
    assert "a\\nb" in caplog.messages[0]
    assert caplog.messages[1] == "as it is"


def test_what_is_quoted_in_messages_is_one_line() -> None:
    assert shown("a\nb\x1b[1m") == "a\\nb\\u001b[1m"


# Names

PERSIAN = "\u062f\u0627\u062f\u200c\u0647\u0627"
"""Its mark is where it may be, and changes nothing that one sees."""


def named(name: str) -> CountJob:
    return CountJob(name=name, messages={}, count=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [text for text, _ in BAD if text.isprintable() or "\0" not in text]
)
def test_a_new_definition_is_not_called_so(name: str) -> None:
    with pytest.raises(ValidationError) as raised:
        named(name).full_clean()
    assert list(raised.value.message_dict) == ["name"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", GOOD)
def test_names_in_all_languages_are_fine(name: str) -> None:
    named(name).full_clean()


@pytest.mark.django_db
def test_a_name_that_differs_by_what_nobody_sees_only_is_refused() -> None:
    named(PERSIAN.replace("\u200c", "")).save()
    with pytest.raises(ValidationError, match="looks like the name of another definition"):
        named(PERSIAN).full_clean()
    greeting = Greeting(name=PERSIAN, greeted="all")
    greeting.full_clean()  # names are unique within a kind


@pytest.mark.django_db
def test_a_row_that_is_called_so_already_goes_on() -> None:
    job = make_definition("old\u202e")
    job.refresh_from_db()
    assert job.problems() == []
    job.hour = "3"
    job.full_clean()
    job.save()
    job.name = "old\u202ex"
    with pytest.raises(ValidationError, match=r"U\+202E"):
        job.full_clean()


@pytest.mark.django_db
def test_the_form_says_what_is_wrong(admin_client: Client) -> None:
    page = admin_client.post("/admin/countjobs/countjob/add/", {"name": "a\u200bb"})
    assert "The invisible character U+200B is not allowed" in page.content.decode().replace(
        "&#x27;", "’"
    )


PAGES = [
    "countjob/",
    "countjob/{pk}/history/",
    "countjob/{pk}/delete/",
    "countjob/{pk}/run/",
    "execution/",
    "execution/?job_id=countjobs.countjob:{pk}",
    "execution/{run}/change/",
    "execution/overview/",
    "execution/running/",
    "parkedjob/",
    "",
]


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_pages_show_such_a_name_as_what_it_is(page: str, admin_client: Client) -> None:
    name = "pay\u202eroll\u200b\x1b"
    job = make_definition(name)
    told = {"job_id": job.job_id, "job_name": name, "started_at": timezone.now()}
    run = make_execution(Status.FAILED, scheduled_at=timezone.now(), **told)
    make_execution(Status.RUNNING, scheduled_at=timezone.now(), **told)
    ParkedJob.objects.create(job_id=job.job_id, error="broken", parked_at=timezone.now())
    content = admin_client.get(f"/admin/countjobs/{page.format(pk=job.pk, run=run.pk)}").content
    assert b"/admin/" in content
    assert not {"\u202e", "\u200b", "\x1b"} & set(content.decode())
    assert b"pay\\u202eroll" in content


@pytest.mark.django_db
def test_runjob_finds_it_by_its_real_name_and_quotes_what_it_does_not_find() -> None:
    job = make_definition("pay\u202eroll")
    assert find_definition("pay\u202eroll") == job
    with pytest.raises(Exception, match=r"pay\\u202e”"):
        find_definition("pay\u202e")


def test_what_the_engine_logs_is_always_one_line() -> None:
    """Issue 8, line 45: names and errors are quoted everywhere, so every logger has the filter."""
    root = Path(countjobs.__file__).parent
    rooms = [root / room for room in ("history", "jobstores", "schedulers")]
    modules = [path for room in rooms for path in room.glob("*.py")]
    plain = [path.name for path in modules if "= logging.getLogger" in path.read_text()]
    assert modules
    assert not plain
