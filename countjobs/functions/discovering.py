"""Finding functions: each app's module of jobs is imported at the start, like its `admin.py`."""

from __future__ import annotations

from django.utils.module_loading import autodiscover_modules

from countjobs.conf import Conf


def discover() -> None:
    """Import the module of jobs of each app. Raises what importing one of them raises."""
    if Conf.is_sound():
        autodiscover_modules(Conf.load().jobs_module)
