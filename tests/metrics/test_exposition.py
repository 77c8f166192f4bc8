"""Issue 13, line 3: OpenMetrics, as prometheus-client reads it, whatever jobs' names."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from countjobs.metrics import exposition
from countjobs.metrics.counting import RunCounts
from countjobs.metrics.exposition import database_families, expose, forget
from countjobs.metrics.families import JOB_LABEL, ExecutorState, executor_families, run_families
from countjobs.models import ParkedJob
from tests.support.factories import NOON, make_node
from tests.support.open_metrics import OPEN, read_open, read_plain
from tests.support.run_ends import run_end

HOSTILE = [
    'quotes "',
    "back\\slash",
    "back\\",
    "line\nbreak",
    "line\r\u2028\x0b\x0c\x85break",
    "nul\0",
    "half \ud800",
    "\x1b[31m",
    '"} 1\ncountjobs_up{x="',
    "# EOF",
    "\n# EOF\n",
    "日本語 \u202e",
    " ",
    "{}",
    "x" * 1_000,
]


def samples(body: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = read_open(body.decode())
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value
        for family in families
        for each in family.samples
    }


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text;version=" + "9" * 60_000,
        "application/openmetrics-text;version=" + "9" * 900 + ".0",
        "application/openmetrics-text;version=none",
        "application/openmetrics-text;version=1.0.0\r\n Set-Cookie: a=b",
        "text/plain;version=\u0661;escaping=\x00",
        "text/plain;version=1.0.0-rc.1,,;;==",
    ],
)
def test_whatever_a_client_accepts_it_gets_an_answer(accept: str) -> None:
    exposed = expose(executor_families([ExecutorState("default", 10, 3, 1)]), accept)
    assert b'countjobs_executor_busy{executor="default"} 3' in exposed.body
    assert exposed.content_type.isprintable()
    assert exposed.content_type.isascii()


def test_runs_and_executors_are_told() -> None:
    counts = RunCounts()
    counts.add([run_end(late=0.02), run_end("failed", took=2), run_end("new one", late=None)])
    families = [
        *run_families(counts.snapshot(), named=False),
        *executor_families([ExecutorState("default", 10, 3, 1)]),
    ]
    exposed = expose(families, OPEN)
    assert exposed.content_type.startswith("application/openmetrics-text; version=1.0.0")
    found = samples(exposed.body)
    assert found["countjobs_runs_total", (("outcome", "succeeded"),)] == 1
    assert found["countjobs_runs_total", (("outcome", "failed"),)] == 1
    assert found["countjobs_runs_total", (("outcome", "missed"),)] == 0
    assert found["countjobs_runs_total", (("outcome", "new one"),)] == 1
    assert found["countjobs_run_lateness_seconds_bucket", (("le", "0.01"),)] == 1
    assert found["countjobs_run_lateness_seconds_bucket", (("le", "0.025"),)] == 2
    assert found["countjobs_run_duration_seconds_bucket", (("le", "+Inf"),)] == 2
    assert found["countjobs_run_duration_seconds_sum", ()] == 3
    assert found["countjobs_executor_capacity", (("executor", "default"),)] == 10
    assert found["countjobs_executor_busy", (("executor", "default"),)] == 3
    assert found["countjobs_executor_given_up", (("executor", "default"),)] == 1


@pytest.mark.parametrize("accept", ["", "text/plain", "*/*", "\xff;;q=,", "text/html"])
def test_others_get_prometheus_own_format(accept: str) -> None:
    exposed = expose(run_families({}, named=False), accept)
    assert exposed.content_type.startswith("text/plain")
    names = {family.name for family in read_plain(exposed.body.decode())}
    assert "countjobs_runs" in names or "countjobs_runs_total" in names


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("accept", [OPEN, ""])
def test_promise_21_no_name_can_break_the_format(name: str, accept: str, settings: Any) -> None:
    settings.COUNTJOBS = {"METRICS_JOB_NAMES": True}
    counts = RunCounts()
    counts.add([run_end(name=name), run_end(name="other")])
    counts.add_not_run(f"not run {name}", "skipped")
    body = expose(run_families(counts.snapshot(), named=True), accept).body
    read = read_open if accept else read_plain
    runs = [each for each in read(body.decode()) if each.name.startswith("countjobs_run")]
    assert len(runs) == 3
    named = {each.labels[JOB_LABEL] for family in runs for each in family.samples}
    assert len(named) == 3
    assert "other" in named
    assert all(label.isprintable() for label in named)
    assert body.decode().isprintable() or body.decode().replace("\n", "").isprintable()


@pytest.mark.django_db
@pytest.mark.usefixtures("noon_clock")
def test_gauges_are_told() -> None:
    make_node(capacity=4)
    ParkedJob.objects.create(job_id="secret", error="secret", parked_at=NOON)
    body = expose(database_families(), OPEN).body
    found = samples(body)
    assert found["countjobs_up", ()] == 1
    assert found["countjobs_schedulers", ()] == 1
    assert found["countjobs_threads", ()] == 4
    assert found["countjobs_problem", (("problem", "broken"),)] == 1
    assert found["countjobs_problem", (("problem", "no_scheduler"),)] == 0
    assert b"secret" not in body


@pytest.mark.django_db
def test_without_the_database_it_is_not_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("secret")

    monkeypatch.setattr(exposition, "read_gauges", away)
    monkeypatch.setattr(exposition, "try_twice", lambda step: step())
    forget()
    assert samples(expose(database_families(), OPEN).body) == {("countjobs_up", ()): 0}
