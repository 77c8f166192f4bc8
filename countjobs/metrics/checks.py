"""The system check of the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from countjobs.metrics.library import is_installed


@register("countjobs")
def check_library(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that prometheus-client is there."""
    if is_installed():
        return []
    return [
        Error(
            "countjobs.metrics needs the package prometheus-client.",
            hint="Run: pip install prometheus-client. Or remove countjobs.metrics from "
            "INSTALLED_APPS.",
            id="countjobs.E050",
        )
    ]
