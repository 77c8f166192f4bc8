"""Issue 8, line 33: a failure is one log record that Sentry and mails to admins understand."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Iterator

import django
import pytest
from django.core import mail
from django.test import override_settings
from django.utils.log import AdminEmailHandler

from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.output import LineFormatter
from countjobs.history.run_outcome import Outcome
from tests.support.errors import HostileError, MuteError
from tests.support.executing import Scheduler, captured, claimed, submit

LOGGER = logging.getLogger("apscheduler.executors.default")


class Recording(logging.Handler):
    """As Sentry's: takes what it wants of a record at once."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.seen: list[tuple[list[str], list[str]]] = []
        """The functions that the error went through, and the names of their variables."""

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        functions: list[str] = []
        names: list[str] = []
        tb = record.exc_info[2] if record.exc_info else None
        while tb:
            functions.append(tb.tb_frame.f_code.co_name)
            names += tb.tb_frame.f_locals
            tb = tb.tb_next
        self.seen.append((functions, names))


@pytest.fixture
def recording() -> Iterator[Recording]:
    handler = Recording()
    handler.setLevel(logging.ERROR)
    LOGGER.addHandler(handler)
    yield handler
    LOGGER.removeHandler(handler)


class Order:
    """What a job holds."""


alive: list[str] = []
ADMIN = "admin@example.org"


def charge() -> None:
    order = Order()
    alive.append("order")
    weakref.finalize(order, alive.remove, "order")
    try:
        pay(order)
    except KeyError as error:
        raise ValueError("not paid\nand not shipped") from error


def pay(order: Order) -> None:
    raise KeyError("no card")


def raise_(error: BaseException) -> None:
    raise error


def run(executor: ThreadPoolExecutor, call: object, name: str = "bill") -> None:
    submit(executor, claimed(call, job_id=name, first=7))  # type: ignore[arg-type]  # a callable
    assert executor.wait_until_idle(60)


def test_it_has_a_short_message_the_error_and_whose_it_is(
    executor: ThreadPoolExecutor, recording: Recording
) -> None:
    run(executor, charge)
    [record] = recording.records
    assert record.getMessage() == 'Job "bill" raised an exception'
    assert record.exc_info
    assert record.exc_info[0] is ValueError
    known = vars(record)
    assert known["action"] == "job_failed"
    assert (known["job_id"], known["job_name"], known["execution_id"]) == ("bill", "bill", 7)
    assert known["scheduled_at"]


def test_the_error_leads_from_the_job_on_with_its_variables(
    executor: ThreadPoolExecutor, recording: Recording
) -> None:
    run(executor, charge)
    [(functions, names)] = recording.seen
    assert functions == ["charge"]
    assert "order" in names


def test_the_jobs_objects_are_let_go_though_the_record_is_kept(
    executor: ThreadPoolExecutor, recording: Recording, outcomes: list[Outcome]
) -> None:
    run(executor, charge)
    executor.shutdown()
    gc.collect()
    assert recording.records
    assert outcomes[0].raised is None
    assert alive == []


@pytest.mark.filterwarnings("ignore:Django 2028 will not have a default mailer")
@override_settings(ADMINS=[ADMIN if django.VERSION >= (6, 0) else ("Admin", ADMIN)])
def test_admins_get_a_mail_with_a_short_subject_and_the_traceback(
    executor: ThreadPoolExecutor,
) -> None:
    handler = AdminEmailHandler()
    LOGGER.addHandler(handler)
    try:
        run(executor, charge, name="bill\nBcc: all@example.org\x1b[31m\u202e")
    finally:
        LOGGER.removeHandler(handler)
    [message] = [each for each in mail.outbox if "raised" in each.subject]
    name = "bill\\nBcc: all@example.org\\u001b[31m\\u202e"
    assert message.subject == f'[Django] ERROR: Job "{name}" raised an exception'
    assert "ValueError" in message.body
    assert "KeyError" in message.body
    assert "in charge" in message.body


@pytest.mark.parametrize("formatter", [logging.Formatter(), LineFormatter()])
def test_formatters_show_the_traceback_once_and_no_line_of_it_passes_for_a_record(
    executor: ThreadPoolExecutor, recording: Recording, formatter: logging.Formatter
) -> None:
    run(executor, charge)
    text = formatter.format(recording.records[0])
    assert text.count("Traceback (most recent call last):") == 2, "of the error and of its cause"
    assert "in charge" in text
    assert "threads.py" not in text
    assert "\n  ValueError: not paid\n  and not shipped" in text


@pytest.mark.parametrize("error", [MuteError(), HostileError(), SystemExit(3)])
def test_errors_that_can_not_be_printed_are_told_too(
    executor: ThreadPoolExecutor, recording: Recording, error: BaseException
) -> None:
    run(executor, lambda: raise_(error))
    [record] = recording.records
    assert type(error).__name__ in logging.Formatter().format(record)


def test_listeners_get_the_error_as_from_apscheduler(
    executor: ThreadPoolExecutor, scheduler: Scheduler
) -> None:
    run(executor, charge)
    executor.shutdown()
    [event] = scheduler.events
    assert isinstance(event.exception, ValueError)
    assert event.traceback.startswith("Traceback")


def test_who_wants_no_errors_in_the_log_gets_none(
    executor: ThreadPoolExecutor, recording: Recording
) -> None:
    LOGGER.setLevel(logging.CRITICAL)
    try:
        run(executor, charge)
    finally:
        LOGGER.setLevel(logging.NOTSET)
    assert recording.records == []


def test_the_failure_is_not_part_of_the_runs_own_output(
    executor: ThreadPoolExecutor, outcomes: list[Outcome]
) -> None:
    with captured(1_000) as output:
        run(executor, charge)
    assert (output.value(), outcomes[0].output) == ("", "")
