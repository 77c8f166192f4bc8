"""Metrics as text: in OpenMetrics if the client asks for that, or in Prometheus's own format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.utils import timezone
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from countjobs.database.outages import try_twice
from countjobs.endpoints.kept_answers import Kept
from countjobs.endpoints.kept_strangers import strangers
from countjobs.metrics.families import gauge_families, up_family
from countjobs.metrics.gauges import Gauges, read_gauges

_MOST_ACCEPT = 1_000
"""Characters of the header `Accept` that are read. Prometheus's has fewer than 500."""


class Exposed(NamedTuple):
    """A text, and its format."""

    body: bytes
    content_type: str


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def expose(families: Iterable[Metric], accept: str) -> Exposed:
    """Write metrics in the format that a client accepts."""
    found = _Families(list(families))
    try:
        return _encoded(found, _harmless(accept))
    except (TypeError, ValueError):  # a version that is none, or has thousands of digits
        return _encoded(found, "")


def _encoded(families: _Families, accept: str) -> Exposed:
    encode, content_type = choose_encoder(accept)
    return Exposed(encode(families), content_type)


def _harmless(accept: str) -> str:
    """What a client accepts, without what isn't allowed in the answer's header."""
    printable = "".join(each for each in accept[:_MOST_ACCEPT] if " " <= each <= "~")
    return " ".join(printable.split())


def database_families() -> Iterator[Metric]:
    """The gauges, looked up at most once a second. If the database is away, `up` says so."""
    gauges = _gauges()
    yield up_family(gauges is not None)
    if gauges is not None:
        yield from gauge_families(gauges)


def _look() -> Gauges | None:
    try:
        return try_twice(lambda: read_gauges(timezone.now(), strangers()))
    except (Error, ImproperlyConfigured):
        return None


_gauges: Kept[Gauges | None] = Kept(_look, lambda: None)


def forget() -> None:
    """Look again next time."""
    _gauges.forget()
    strangers.forget()
