"""The app. It has no models. It needs prometheus-client: `pip install countjobs[metrics]`."""

from __future__ import annotations

from django.apps import AppConfig

from countjobs.metrics.library import is_installed


class MetricsConfig(AppConfig):
    """`/metrics` of schedulers, and `metrics/` of the web server."""

    name = "countjobs.metrics"
    label = "countjobs_metrics"

    def ready(self) -> None:
        """Answer in each scheduler. Without the library, a check says so."""
        from countjobs.metrics import checks  # noqa: F401  # registers it

        if is_installed():
            from countjobs.metrics import scheduler_metrics

            scheduler_metrics.register()
