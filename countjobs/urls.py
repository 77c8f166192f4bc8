"""What monitoring asks the web server: `path("", include("countjobs.urls"))` in a project.

`health/` is for everybody. `metrics/` is there if the app `countjobs.metrics` is installed, for who
has the token.
"""

from __future__ import annotations

from django.apps import apps
from django.urls import include, path

from countjobs.endpoints.health import health

app_name = "countjobs"
urlpatterns = [path("health/", health, name="health")]
if apps.is_installed("countjobs.metrics"):
    urlpatterns.append(path("metrics/", include("countjobs.metrics.urls")))  # type: ignore[arg-type]
