"""The article's job: exactly its lines, in their order, on every database."""

from __future__ import annotations

import logging

import pytest

from countjobs.models import CountJob
from countjobs.models.countjob import count_job, step_count, step_judge

MESSAGES = {"one": "one count.", "two": "two count.", "three": "three count."}
LINES = ["3 count finished.", "one, one count.", "two, two count.", "three, three count."]


def test_it_prints_every_index_and_logs_every_message(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    count_job(MESSAGES, 3)
    assert capsys.readouterr().out == "0\n1\n2\n"
    assert caplog.messages == LINES
    assert {record.levelno for record in caplog.records} == {logging.INFO}


@pytest.mark.parametrize(("count", "printed"), [(0, ""), (1, "0\n")])
def test_it_counts_to_below_the_count(
    count: int,
    printed: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    step_count(count)
    assert capsys.readouterr().out == printed
    assert caplog.messages == [f"{count} count finished."]


def test_messages_are_logged_as_they_are_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    step_judge({"100 %s": "%d {0} 🎉", "": ""})
    assert caplog.messages == ["100 %s, %d {0} 🎉", ", "]


def test_without_messages_nothing_but_the_count_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    count_job({}, 0)
    assert caplog.messages == ["0 count finished."]


@pytest.mark.django_db
def test_a_definition_runs_with_its_own_messages_and_count(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    CountJob.objects.create(name="job", messages=MESSAGES, count=3)
    CountJob.objects.get().run()
    assert capsys.readouterr().out == "0\n1\n2\n"
    assert caplog.messages == LINES


@pytest.mark.django_db
@pytest.mark.parametrize(
    "keys", [["b", "a", "c", "aa"], ["10", "9", "1"], ["é", "e", "日本", "🎉"]]
)
def test_the_order_of_messages_is_kept_by_the_database(keys: list[str]) -> None:
    messages = {key: f"{key} count." for key in keys}
    job = CountJob.objects.create(name="job", messages=messages)
    job.refresh_from_db()
    assert list(job.messages.items()) == list(messages.items())
    reversed_messages = dict(reversed(messages.items()))
    CountJob.objects.update(messages=reversed_messages)
    assert list(CountJob.objects.get().messages) == keys[::-1]
