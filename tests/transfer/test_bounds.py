"""Issue 8, line 48: no file costs more than its length, in time or in memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from time import thread_time

import pytest
from django.core.exceptions import ValidationError

from countjobs.models import CountJob
from countjobs.transfer import reading
from countjobs.transfer.entries import MOST_PROBLEMS
from tests.support.transfers import document, entry, plan_of, problems

HEAD = '{"format": "countjobs", "version": 1, "definitions": ['
MANY = "has more than 500000 values"
SECONDS = 10
"""Of computing. Each takes a tenth; what is quadratic would take minutes."""

MEGABYTES = 150


def keys(count: int) -> str:
    return ",".join(f'"k{n}":1' for n in range(count))


HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    "a million keys": (lambda: f"{HEAD}{{{keys(850_000)}}}]}}", MANY),
    "deep values": (lambda: HEAD + ",".join(["[" * 48 + "]" * 48] * 100_000) + "]}", MANY),
    "empty lists": (lambda: f"{HEAD}{'[],' * 3_000_000}0]}}", MANY),
    "empty objects": (lambda: f"{HEAD}{'{},' * 3_000_000}0]}}", MANY),
    "numbers": (lambda: f"{HEAD}{'0,' * 5_000_000}0]}}", MANY),
    "as many as are allowed": (lambda: f"{HEAD}{'[],' * 240_000}0]}}", "at most 5000 are allowed"),
    "very deep": (lambda: "[" * 10_000_000, MANY),
    "a text without an end": (lambda: '"' + '\\"' * 5_000_000, "not JSON"),
    "texts side by side": (lambda: '""' * 5_000_000, "not JSON"),
    "a backslash at the end": (lambda: '"' * 3_000_001 + "\\", "not JSON"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_is_refused_before_it_has_cost_time_or_memory(what: str) -> None:
    make, words = HOSTILE[what]
    text = make()
    assert len(text) < reading.MOST_BYTES
    tracemalloc.start()
    began = thread_time()
    try:
        with pytest.raises(ValidationError, match=words):
            reading.read_entries(text)
        assert thread_time() - began < SECONDS
        assert tracemalloc.get_traced_memory()[1] < MEGABYTES * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_signs_within_texts_are_no_values() -> None:
    signs = "[]{},\\\"'\n" * 100_000
    [read] = reading.read_entries(document(entry(description=signs)))
    assert read["description"] == signs


@pytest.mark.parametrize("text", ['""', '"\\\\"', '"\\""', '"a\\\\\\"b"', '"\\u0022,"'])
def test_a_text_ends_where_json_ends_it(text: str) -> None:
    assert json.loads(f"[{text},1]")
    assert reading._TEXTS.sub("", f"[{text},1]") == "[,1]"


def test_as_many_values_as_a_large_export_has_are_read() -> None:
    entries = [entry(f"n{n}", messages={f"k{k}": "," for k in range(50)}) for n in range(5_000)]
    assert len(reading.read_entries(document(*entries))) == 5_000


@pytest.mark.django_db
def test_of_an_entry_only_so_many_keys_are_looked_at() -> None:
    began = thread_time()
    plan = plan_of(f'{HEAD}{{"name": "a", "model": "countjobs.countjob", {keys(450_000)}}}]}}')
    assert thread_time() - began < SECONDS
    assert len(problems(plan)) == MOST_PROBLEMS
    assert not CountJob.objects.exists()
