"""Issue 13, line 3: the dashboard, the alert rules and the page name metrics that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from countjobs.jobstores.problems import PROBLEMS
from countjobs.metrics.counting import OUTCOMES
from countjobs.metrics.families import (
    ExecutorState,
    executor_families,
    gauge_families,
    run_families,
    up_family,
)
from countjobs.metrics.gauges import Gauges
from tests.support.paths import ROOT

DIRECTORY = ROOT / "docs/monitoring"
NAME = re.compile(r"\bcountjobs_\w+")
LABELS = re.compile(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"')
BY = re.compile(r"by \(([^)]*)\)")
WORDS = {"outcome": {*OUTCOMES}, "problem": {problem.name for problem in PROBLEMS}}


@cache
def families() -> list[Metric]:
    gauges = Gauges(problems={problem.name: False for problem in PROBLEMS})
    executors = [ExecutorState("default", 1, 0, 0)]
    return [
        up_family(True),
        *gauge_families(gauges),
        *executor_families(executors),
        *run_families({}, named=False),
    ]


def series() -> set[str]:
    return {sample.name for family in families() for sample in family.samples}


def labels() -> set[str]:
    return {name for family in families() for sample in family.samples for name in sample.labels}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DIRECTORY / "alert-rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found = json.loads((DIRECTORY / "grafana-dashboard.json").read_text())["panels"]
    assert isinstance(found, list)
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


@pytest.mark.parametrize("expression", [*expressions()])
def test_promise_21_each_expression_names_what_there_is(expression: str) -> None:
    named = set(NAME.findall(expression))
    assert named
    assert named <= series()
    for label, values in LABELS.findall(expression):
        assert set(values.split("|")) <= WORDS[label]
    for names in BY.findall(expression):
        assert set(re.split(r",\s*", names)) <= labels()


def test_each_rule_says_what_it_is_about() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) >= 10
    for rule in rules():
        assert rule["annotations"]["summary"].strip()
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert re.fullmatch(r"\d+[mh]", rule["for"])


def test_each_problem_has_a_rule() -> None:
    text = "\n".join(rule["expr"] for rule in rules())
    named = set(re.findall(r'problem="(\w+)"', text))
    assert named | {"no_scheduler"} == WORDS["problem"]
    assert "countjobs_schedulers) == 0" in text


def test_the_dashboard_can_be_laid_out() -> None:
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["datasource"]["uid"] == "${datasource}"


def test_the_page_lists_every_metric_with_its_type() -> None:
    page = (ROOT / "docs/monitoring.md").read_text()
    told = dict(re.findall(r"^\| `(countjobs_\w+)` \| (\w+) \|", page, re.MULTILINE))
    there = {
        family.name + "_total" * (family.type == "counter"): family.type for family in families()
    }
    assert told == there
    for outcome in OUTCOMES:
        assert f"`{outcome}`" in page
