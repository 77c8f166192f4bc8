"""Metrics, as prometheus-client's own parsers read them."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client.parser import text_string_to_metric_families

OPEN = "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5"
"""What Prometheus says that it accepts."""


def read_open(text: str) -> list[Metric]:
    """Raises ValueError for what isn't OpenMetrics."""
    found: Iterable[Metric] = open_parser.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return list(found)


def read_plain(text: str) -> list[Metric]:
    return list(text_string_to_metric_families(text))


def values_of(text: str) -> dict[str, float]:
    """The values, by the metric's name and its labels' values: `countjobs_runs_total failed`."""
    return {
        " ".join([each.name, *each.labels.values()]): each.value
        for family in read_open(text)
        for each in family.samples
    }
