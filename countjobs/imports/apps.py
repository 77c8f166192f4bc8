"""The app. It has no models: it only brings a command."""

from __future__ import annotations

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """`manage.py importschedules`."""

    name = "countjobs.imports"
    label = "countjobs_imports"
