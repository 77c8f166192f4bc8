"""The app's settings, read and checked."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from countjobs.conf import Conf

WRONG: list[tuple[Any, str]] = [
    (None, "must be a dict"),
    ([], "must be a dict"),
    ("THREADS=5", "must be a dict"),
    ({"THREAD": 5}, "no key 'THREAD'. Its keys are THREADS, "),
    ({"threads": 5}, "no key 'threads'"),
    ({5: 5}, "no key 5"),
    ({"THREADS": 0}, "THREADS'] must be a whole number from 1 to 1000, not 0"),
    ({"THREADS": 1_001}, "THREADS"),
    ({"THREADS": "5"}, "not '5'"),
    ({"THREADS": 5.0}, "not 5.0"),
    ({"THREADS": True}, "not True"),
    ({"THREADS": None}, "not None"),
    ({"DRAIN_SECONDS": -1}, "DRAIN_SECONDS"),
    ({"HEARTBEAT_SECONDS": 0}, "HEARTBEAT_SECONDS"),
    ({"LEASE_SECONDS": 1}, "LEASE_SECONDS"),
    ({"LEASE_SECONDS": 9}, "at least twice HEARTBEAT_SECONDS"),
    ({"HEARTBEAT_SECONDS": 8}, "at least twice HEARTBEAT_SECONDS"),
    ({"EXECUTORS": ["heavy"]}, "COUNTJOBS['EXECUTORS'] must be a dict."),
    ({"EXECUTORS": {"": {"TYPE": "threads"}}}, "the name '' must be a text of 1 to 64 characters."),
    ({"EXECUTORS": {"processes": {"TYPE": "threads"}}}, "'processes']: this name is taken."),
    ({"EXECUTORS": {"heavy": None}}, "'heavy'] must be a dict with the key 'TYPE': "),
    ({"EXECUTORS": {"heavy": {"TYPE": "threads", "PROCESSES": 1}}}, "has no key 'PROCESSES'."),
    ({"EXECUTORS": {"heavy": {"TYPE": "threads", "THREADS": 0}}}, "'THREADS'] must be a whole "),
    ({"EXECUTORS": {"heavy": {"TYPE": ["threads"]}}}, "'heavy'] must be a dict with the key "),
    ({"EXECUTORS": {"heavy": {"TYPE": {}}}}, "'heavy'] must be a dict with the key 'TYPE': "),
    ({"OUTPUT_BYTES": 1_023}, "OUTPUT_BYTES"),
    ({"CATCH_UP_RUNS": 0}, "CATCH_UP_RUNS"),
    ({"MOST_ATTEMPTS": 0}, "MOST_ATTEMPTS"),
    ({"MOST_ATTEMPTS": 101}, "MOST_ATTEMPTS"),
    ({"KEEP_DAYS": 0}, "KEEP_DAYS"),
    ({"KEEP_PER_JOB": 0}, "KEEP_PER_JOB"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=str)
def test_a_wrong_value_is_named_and_nothing_starts_with_it(
    given: Any, words: str, settings: Settings
) -> None:
    (problem,) = Conf.problems(given)
    assert words in problem
    settings.COUNTJOBS = given
    with pytest.raises(ImproperlyConfigured) as refused:
        Conf.load()
    assert str(refused.value) == problem


def test_every_problem_is_told_at_once() -> None:
    assert len(Conf.problems({"THREADS": 0, "KEEP_DAYS": 0, "OTHER": 1})) == 3


@pytest.mark.parametrize("given", [{}, {"THREADS": 1}, {"THREADS": 1_000, "DRAIN_SECONDS": 0}])
def test_what_is_not_given_has_its_default(given: dict[str, int], settings: Settings) -> None:
    settings.COUNTJOBS = given
    conf = Conf.load()
    assert conf.threads == given.get("THREADS", 10)
    assert conf.lease_seconds == 15
    assert Conf.problems(given) == []


def test_without_the_setting_all_defaults_hold(settings: Settings) -> None:
    if hasattr(settings, "COUNTJOBS"):
        del settings.COUNTJOBS
    assert Conf.load() == Conf()
