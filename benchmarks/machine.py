"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.scratch import Database

_CPU_INFO = Path("/proc/cpuinfo")


def describe(databases: Iterable[Database]) -> str:
    """The machine, the languages and libraries, and the databases with their settings."""
    packages = ("Django", "APScheduler", "django-apscheduler")
    return "\n".join(
        [
            f"Machine: {platform.platform()}, {cpu_model()}, {os.cpu_count()} cores",
            ", ".join(
                [f"Python {platform.python_version()}", *(f"{p} {version(p)}" for p in packages)]
            ),
            *(database.describe() for database in databases),
        ]
    )


def cpu_model() -> str:
    """What the processor calls itself."""
    lines = _CPU_INFO.read_text().splitlines() if _CPU_INFO.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
