"""How many jobs an executor has claimed: for its free threads, and as far ahead as it gets on."""

from __future__ import annotations

import time
from itertools import count

import pytest

from countjobs.executors.backlog import Backlog
from countjobs.executors.rate import RecentRate
from countjobs.jobstores.claimed import ClaimedJob
from tests.support.executing import claimed

THREADS = 10


def rate_of(*times: float, begun: float = 0.0) -> RecentRate:
    rate = RecentRate()
    rate.begin(begun)
    for at in times:
        rate.note(at)
    return rate


def every(seconds: float, until: float) -> list[float]:
    return [number * seconds for number in range(1, round(until / seconds) + 1)]


def test_where_nothing_has_ended_there_is_no_rate() -> None:
    assert rate_of().per_second(0.5) == 0


def test_the_rate_is_that_of_the_last_second() -> None:
    rate = rate_of(*every(0.1, until=5), *(5 + each for each in every(0.01, until=1)))
    assert rate.per_second(6) == pytest.approx(100, rel=0.1)
    assert rate.per_second(7.1) == 0


def test_time_in_which_nothing_went_on_does_not_count() -> None:
    rate = rate_of(*every(0.002, until=0.2))
    rate.rest()
    assert rate.per_second(0.9) == pytest.approx(500)
    rate.begin(0.9)
    rate.begin(0.92)  # something begins beside it
    assert rate.per_second(0.95) == pytest.approx(100 / 0.25)


def test_runs_that_end_together_after_a_second_are_as_slow_as_they_are() -> None:
    assert rate_of(*[1.0] * THREADS).per_second(1.0) == THREADS


def test_a_first_few_that_end_at_once_say_little() -> None:
    assert rate_of(*every(0.0001, until=0.0005)).per_second(0.001) == 50


class Line:
    """A backlog whose runs end one after the other, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.backlog = Backlog(THREADS)
        self._numbers = count(1)

    def add(self, jobs: int) -> None:
        for number in (next(self._numbers) for _ in range(jobs)):
            self.backlog.add(claimed(int, job_id=str(number), first=number))

    def end_each(self, jobs: int, seconds: float) -> None:
        """So many begin and end, each taking so long."""
        waiting: list[ClaimedJob] = []
        for _ in range(jobs):
            waiting = waiting or self.backlog.take()
            self.now += seconds
            self.backlog.first_is_over(waiting.pop(0))


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(monkeypatch)


def test_at_first_as_many_may_be_claimed_as_there_are_threads(line: Line) -> None:
    assert line.backlog.free == THREADS
    line.add(THREADS)
    assert line.backlog.free == 0


def test_of_short_runs_as_many_are_claimed_ahead_as_end_in_a_fifth_of_a_second(line: Line) -> None:
    line.add(1_001)
    line.end_each(1_000, seconds=0.001)
    assert line.backlog.free == pytest.approx(THREADS + 200 - 1, abs=10)


def test_a_claim_with_none_before_it_is_smaller_so_that_its_runs_begin_sooner(line: Line) -> None:
    line.add(1_000)
    line.end_each(1_000, seconds=0.001)
    assert line.backlog.free == pytest.approx(THREADS + 50, abs=5)


def test_of_long_runs_none_is_claimed_ahead(line: Line) -> None:
    line.add(2)
    line.end_each(1, seconds=5)
    assert line.backlog.free == THREADS - 1


class Mixed(Line):
    """A backlog that gets on fast, with one job of another length in it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> None:
        super().__init__(monkeypatch)
        self.add(1_000)
        self.end_each(1_000, seconds=0.001)
        self.backlog.add(claimed(int, job_id="other", first=5_000))
        (other,) = self.backlog.take()
        other.started_at = self.now
        self.now += seconds
        self.backlog.first_is_over(other)
        self.add(400)
        self.end_each(400, seconds=0.001)

    def take_with_the_other_behind(self, jobs: int) -> list[str]:
        """What may begin of some unknown jobs, the other one, and more unknown ones."""
        self.add(jobs)
        self.backlog.add(claimed(int, job_id="other", first=6_000))
        self.add(jobs)
        return [job.id for job in self.backlog.take()]


def test_line_29_runs_of_short_jobs_are_marked_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 8, line 29."""
    line = Mixed(monkeypatch, seconds=0.1)
    taken = line.take_with_the_other_behind(THREADS)
    assert len(taken) > THREADS + 10
    assert "other" in taken


def test_line_29_a_long_job_s_run_begins_only_with_a_thread_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Issue 8, line 29: nor does what waits behind it overtake it."""
    line = Mixed(monkeypatch, seconds=0.5)
    taken = line.take_with_the_other_behind(THREADS)
    assert (len(taken), "other" in taken) == (THREADS, False)
    assert line.backlog.take(timeout=0) == []


def test_line_29_a_long_job_takes_a_free_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 8, line 29."""
    line = Mixed(monkeypatch, seconds=0.5)
    taken = line.take_with_the_other_behind(THREADS - 1)
    assert taken[THREADS - 1] == "other"


def test_line_29_a_job_that_was_long_and_is_short_again_counts_as_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Issue 8, line 29."""
    line = Mixed(monkeypatch, seconds=0.5)
    line.backlog.add(claimed(int, job_id="other", first=7_000))
    (other,) = line.backlog.take()
    other.started_at = line.now
    line.backlog.first_is_over(other)
    line.add(400)
    line.end_each(400, seconds=0.001)
    assert "other" in line.take_with_the_other_behind(THREADS)


def test_no_claim_is_made_for_a_few_while_most_of_what_was_claimed_waits(line: Line) -> None:
    line.add(1_150)
    line.end_each(1_000, seconds=0.001)
    assert line.backlog.free == 0
