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
    ({"EXECUTORS": {"": {"TYPE": "threads"}}}, "the name '' must be a text of 1 to 64 characters,"),
    ({"EXECUTORS": {"processes": {"TYPE": "threads"}}}, "'processes']: this name is taken."),
    ({"EXECUTORS": {"heavy": None}}, "'heavy'] must be a dict with the key 'TYPE': "),
    ({"EXECUTORS": {"heavy": {"TYPE": "threads", "PROCESSES": 1}}}, "has no key 'PROCESSES'."),
    ({"EXECUTORS": {"heavy": {"TYPE": "threads", "THREADS": 0}}}, "'THREADS'] must be a whole "),
    ({"EXECUTORS": {"heavy": {"TYPE": ["threads"]}}}, "'heavy'] must be a dict with the key "),
    ({"EXECUTORS": {"heavy": {"TYPE": {}}}}, "'heavy'] must be a dict with the key 'TYPE': "),
    ({"OUTPUT_BYTES": 1_023}, "OUTPUT_BYTES"),
    ({"SITE_URL": "example.com"}, "SITE_URL'] must be an address with http:// or https://."),
    ({"SITE_URL": None}, "SITE_URL"),
    ({"SITE_URL": "https://"}, "SITE_URL"),
    ({"SITE_URL": "https://a b"}, "SITE_URL"),
    ({"SITE_URL": "https://example.com:x/"}, "SITE_URL"),
    ({"SITE_URL": "https://[::1/"}, "SITE_URL"),
    ({"PING_URL": "ftp://example.com/secret"}, "PING_URL'] must be an address with http://"),
    ({"ALERT_PRIVATE_ADDRESSES": 1}, "ALERT_PRIVATE_ADDRESSES'] must be True or False, not 1."),
    ({"METRICS_JOB_NAMES": "no"}, "METRICS_JOB_NAMES'] must be True or False"),
    ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN'] must be a text of at least 16 letters"),
    ({"METRICS_TOKEN": None}, "METRICS_TOKEN"),
    ({"KEEP_DAYS_FAILURES": -1}, "KEEP_DAYS_FAILURES"),
    ({"SILENT_AFTER": -1}, "SILENT_AFTER"),
    ({"CATCH_UP_RUNS": 0}, "CATCH_UP_RUNS"),
    ({"MOST_ATTEMPTS": 0}, "MOST_ATTEMPTS"),
    ({"MOST_ATTEMPTS": 101}, "MOST_ATTEMPTS"),
    ({"KEEP_DAYS": 0}, "KEEP_DAYS"),
    ({"KEEP_PER_JOB": 0}, "KEEP_PER_JOB"),
    ({"RETRY_DELAY_MOST": 0}, "RETRY_DELAY_MOST'] must be a whole number from 1 to 31622400"),
    ({"RETRY_DELAY_MOST": 60.0}, "not 60.0"),
    ({"PROCESSES": 0}, "PROCESSES'] must be a whole number from 1 to 1000, not 0"),
    ({"PROCESSES": True}, "not True"),
    ({"RUNS_PER_PROCESS": 0}, "RUNS_PER_PROCESS"),
    ({"EXECUTORS": None}, "COUNTJOBS['EXECUTORS'] must be a dict."),
    ({"EXECUTORS": [("heavy", {})]}, "must be a dict"),
    ({"EXECUTORS": {"heavy": None}}, "['heavy'] must be a dict with the key 'TYPE': 'threads' or"),
    ({"EXECUTORS": {"heavy": {}}}, "must be a dict with the key 'TYPE'"),
    ({"EXECUTORS": {"heavy": {"TYPE": "process"}}}, "'threads' or 'processes'."),
    ({"EXECUTORS": {"heavy": {"TYPE": None}}}, "must be a dict with the key 'TYPE'"),
    ({"EXECUTORS": {"heavy": {"TYPE": ["threads"]}}}, "must be a dict with the key 'TYPE'"),
    ({"EXECUTORS": {"heavy": {"type": "threads"}}}, "must be a dict with the key 'TYPE'"),
    (
        {"EXECUTORS": {"heavy": {"TYPE": "processes", "THREADS": 2}}},
        "['heavy'] has no key 'THREADS'. Its keys are TYPE, PROCESSES.",
    ),
    ({"EXECUTORS": {"heavy": {"TYPE": "threads", 5: 5}}}, "has no key 5"),
    (
        {"EXECUTORS": {"heavy": {"TYPE": "processes", "PROCESSES": 0}}},
        "['heavy']['PROCESSES'] must be a whole number from 1 to 1000, not 0.",
    ),
    ({"EXECUTORS": {"io": {"TYPE": "threads", "THREADS": "9"}}}, "['THREADS'] must be a whole"),
    ({"EXECUTORS": {"": {"TYPE": "threads"}}}, "the name '' must be a text of 1 to 64 characters"),
    ({"EXECUTORS": {5: {"TYPE": "threads"}}}, "the name 5 must be a text"),
    ({"EXECUTORS": {"x" * 65: {"TYPE": "threads"}}}, "must be a text of 1 to 64 characters"),
    ({"EXECUTORS": {"a,b": {"TYPE": "threads"}}}, "without commas, spaces at its ends"),
    ({"EXECUTORS": {" a": {"TYPE": "threads"}}}, "without commas, spaces at its ends"),
    ({"EXECUTORS": {"a\0b": {"TYPE": "threads"}}}, "or invisible characters"),
    ({"EXECUTORS": {"default": {"TYPE": "threads"}}}, "['default']: this name is taken."),
    ({"EXECUTORS": {"threads": {"TYPE": "threads"}}}, "Use the settings THREADS and PROCESSES."),
    ({"EXECUTORS": {"processes": {"TYPE": "processes"}}}, "this name is taken"),
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


def test_executors_have_the_size_that_they_are_given_or_that_of_their_type(
    settings: Settings,
) -> None:
    own = {"heavy": {"TYPE": "processes", "PROCESSES": 2}, "mails": {"TYPE": "threads"}}
    settings.COUNTJOBS = {"EXECUTORS": own, "THREADS": 7, "PROCESSES": 3}
    found = {name: (each.type, each.size) for name, each in Conf.load().executor_confs().items()}
    assert found == {
        "default": ("threads", 7),
        "processes": ("processes", 3),
        "heavy": ("processes", 2),
        "mails": ("threads", 7),
    }


@pytest.mark.parametrize(
    "url", ["https://example.com/x?y", "http://uptime-kuma:3001/api/push/x", "http://[::1]:8000"]
)
def test_an_address_may_have_any_host(url: str) -> None:
    assert Conf.problems({"SITE_URL": url, "PING_URL": url}) == []


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


def test_more_executors_may_be_named_each_with_a_size_of_its_own(settings: Settings) -> None:
    settings.COUNTJOBS = {
        "THREADS": 5,
        "PROCESSES": 2,
        "EXECUTORS": {
            "heavy": {"TYPE": "processes", "PROCESSES": 4},
            "plain": {"TYPE": "processes"},
            "io": {"TYPE": "threads", "THREADS": 50},
            "重い": {"TYPE": "threads"},
        },
    }
    conf = Conf.load()
    assert {name: (each.type, each.size) for name, each in conf.executor_confs().items()} == {
        "default": ("threads", 5),
        "processes": ("processes", 2),
        "heavy": ("processes", 4),
        "plain": ("processes", 2),
        "io": ("threads", 50),
        "重い": ("threads", 5),
    }
    stops = {name for name in (*conf.executor_confs(), "none") if conf.can_stop_runs(name)}
    assert stops == {"processes", "heavy", "plain"}


def test_every_problem_of_every_executor_is_told_at_once() -> None:
    wrong = {"a": {}, "b": {"TYPE": "threads", "X": 1, "THREADS": 0}, "default": {}}
    assert len(Conf.problems({"EXECUTORS": wrong, "THREADS": 0})) == 5


def test_processes_are_as_many_as_there_are_cores() -> None:
    assert 1 <= Conf().processes <= 1_000
