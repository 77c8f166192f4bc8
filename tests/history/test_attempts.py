"""Whether another attempt follows a run that went wrong, and when: the whole table."""

from __future__ import annotations

from itertools import product

import pytest
from pytest_django import Settings

from countjobs.history.attempts import NO_OTHER, AttemptRules, rules_of, verdict
from countjobs.models.executions import Status
from tests.app.models import Greeting, Label
from tests.support.factories import make_definition

GAVE_UP = "There is no next attempt: the job gave up."
PAUSED = "There is no next attempt: the job was paused."
CANCELLED = "There is no next attempt: somebody cancelled the run."


def rules(**values: object) -> AttemptRules:
    said = {"enabled": True, "retries": 3, "delay": 60.0, "backoff": 2.0, "rerun_if_lost": False}
    return AttemptRules(**{**said, **values})  # type: ignore[arg-type]


def most_expected(status: Status, retries: int, rerun: bool, most_attempts: int) -> int:
    """How many attempts there may be in all, said once more; 0: nobody asked for another."""
    match status:
        case Status.FAILED | Status.TIMED_OUT:
            return retries + 1 if retries else 0
        case Status.LOST if rerun:
            return max(retries + 1, most_attempts)
        case _:
            return 0


@pytest.mark.parametrize("status", Status)
def test_how_many_attempts_follow_depends_on_the_status_and_the_rules(
    status: Status, settings: Settings
) -> None:
    for retries, rerun, most, attempt in product((0, 1, 5), (False, True), (1, 3), (1, 2, 3, 6, 9)):
        settings.COUNTJOBS = {"MOST_ATTEMPTS": most}
        allowed = most_expected(status, retries, rerun, most)
        found = verdict(attempt, status, rules(retries=retries, rerun_if_lost=rerun))
        if not allowed:
            assert found == NO_OTHER
        elif attempt < allowed:
            assert found.follows
            assert found.sentence == f"Attempt {attempt + 1} of at most {allowed} follows."
            assert (found.delay is None) == (status == Status.LOST)
        else:
            assert not found.follows
            assert found.sentence == (
                f"There is no next attempt: this was attempt {attempt} of at most {allowed}."
            )


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMED_OUT, Status.LOST])
def test_none_follows_what_gave_up_was_paused_or_cancelled(status: Status) -> None:
    tried = rules(rerun_if_lost=True)
    for attempt in (1, 2, 9):
        assert verdict(attempt, status, tried, gives_up=True).sentence == GAVE_UP
        assert verdict(attempt, status, tried, cancelled=True).sentence == CANCELLED
        paused = rules(rerun_if_lost=True, enabled=False)
        assert verdict(attempt, status, paused).sentence == PAUSED
        assert not verdict(attempt, status, paused).follows


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMED_OUT, Status.LOST])
def test_where_nobody_asked_for_another_attempt_nothing_is_said_of_it(status: Status) -> None:
    never = rules(retries=0)
    assert verdict(1, status, never) == NO_OTHER
    assert verdict(1, status, never, gives_up=True) == NO_OTHER
    assert verdict(1, status, never, cancelled=True) == NO_OTHER
    assert verdict(1, status, rules(retries=0, enabled=False)) == NO_OTHER
    assert verdict(1, status, None, gives_up=True) == NO_OTHER


@pytest.mark.parametrize("seconds", [0, 0.5, 30])
def test_try_later_without_retries_is_told_that_none_follows(seconds: float) -> None:
    assert verdict(1, Status.FAILED, rules(retries=0), try_after=seconds).sentence == (
        "There is no next attempt: this was attempt 1 of at most 1."
    )
    assert verdict(1, Status.FAILED, None, try_after=seconds) == NO_OTHER


@pytest.mark.parametrize(
    ("attempt", "backoff", "seconds"),
    [(1, 2, 60), (2, 2, 120), (3, 2, 240), (3, 1, 60), (2, 1.5, 90), (5, 1.1, 87.846)],
)
def test_each_delay_is_longer_by_the_factor_give_or_take_a_tenth(
    attempt: int, backoff: float, seconds: float
) -> None:
    found = [delay_of(attempt, rules(retries=100, backoff=backoff)) for _ in range(300)]
    assert all(0.9 * seconds <= delay <= 1.1 * seconds + 0.001 for delay in found)
    assert min(found) < 0.97 * seconds < 1.03 * seconds < max(found), "they are spread"


def test_no_delay_is_longer_than_the_setting_says(settings: Settings) -> None:
    settings.COUNTJOBS = {"RETRY_DELAY_MOST": 100}
    huge = rules(retries=100, delay=1.0, backoff=10.0)
    assert delay_of(100, huge) <= 100
    found = [delay_of(1, rules(delay=10.0**9)) for _ in range(300)]
    assert max(found) <= 100
    assert delay_of(1, rules(), try_after=10.0**300) == 100
    assert delay_of(1, rules(), try_after=7.5) == 7.5
    assert delay_of(3, rules(), try_after=0) == 0


def test_jobs_at_the_longest_delay_are_not_all_tried_at_the_same_moment(settings: Settings) -> None:
    settings.COUNTJOBS = {"RETRY_DELAY_MOST": 100}
    found = [delay_of(9, rules(retries=100)) for _ in range(300)]
    assert min(found) < 93
    assert 97 < max(found) <= 100
    assert len(set(found)) == 300


def delay_of(attempt: int, said: AttemptRules, try_after: float | None = None) -> float:
    delay = verdict(attempt, Status.FAILED, said, try_after=try_after).delay
    assert delay is not None
    return delay


@pytest.mark.django_db
def test_the_rules_of_many_jobs_are_read_with_one_query_a_kind(
    django_assert_num_queries: object,
) -> None:
    count = make_definition(retries=2, retry_delay=5, retry_backoff="1.50", enabled=False)
    greeting = Greeting.objects.create(name="hi", greeted="Ann", rerun_if_lost=True)
    label = Label.objects.create(name="with a key of text", slug="a:b")
    ids = [count.job_id, greeting.job_id, label.job_id]
    with django_assert_num_queries(3):  # type: ignore[operator]
        found = rules_of([*ids, "code", "countjobs.countjob:0", "no.such:1", ":", *ids])
    assert found == {
        count.job_id: AttemptRules(False, 2, 5.0, 1.5, False),
        greeting.job_id: AttemptRules(True, 0, 60.0, 2.0, True),
        label.job_id: AttemptRules(True, 0, 60.0, 2.0, False),
    }
