"""Shortens what alerts and pings wait for. `TEST_WAITS` may have other values, as JSON."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from importlib import import_module

from django.apps import AppConfig

WAITS = {
    "delivery.LOOK_SECONDS": 0.1,
    "dispatching.LEASE": 5,
    "dispatching.GATHER": 0.1,
    "dispatching.REST": 0.2,
    "dispatching.FIRST_PAUSE": 0.2,
    "dispatching.LONGEST_PAUSE": 1,
    "ping.EVERY_SECONDS": 1,
    "ping.AGAIN_SECONDS": 1,
    "sending.webhook.SECONDS": 4,
}
"""By modules of countjobs.alerts, in seconds."""


class HurriedConfig(AppConfig):
    name = "tests.hurried"

    def ready(self) -> None:
        waits = {**WAITS, **json.loads(os.environ.get("TEST_WAITS", "{}"))}
        for place, seconds in waits.items():
            module_name, _dot, name = place.rpartition(".")
            module = import_module(f"countjobs.alerts.{module_name}")
            is_span = isinstance(getattr(module, name), timedelta)
            setattr(module, name, timedelta(seconds=seconds) if is_span else float(seconds))
