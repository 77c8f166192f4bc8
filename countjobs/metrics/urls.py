"""What `countjobs.urls` includes below `metrics/`. Without prometheus-client there is nothing."""

from __future__ import annotations

from django.urls import URLPattern, path

from countjobs.metrics.library import is_installed

urlpatterns: list[URLPattern] = []
if is_installed():
    from countjobs.metrics.views import metrics

    urlpatterns = [path("", metrics, name="metrics")]
