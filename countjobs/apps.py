"""The app's start: its checks, and the job store listening to definitions."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class CountjobsConfig(AppConfig):
    """The app."""

    name = "countjobs"
    verbose_name = _("Schedules")
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        """As Django's, if the app is there whose table is the job store.

        A system check would come too late: without that app, not even the admin can be imported.
        """
        if not apps.is_installed("django_apscheduler"):
            raise ImproperlyConfigured("countjobs needs “django_apscheduler” in INSTALLED_APPS.")
        super().import_models()

    def ready(self) -> None:
        """Connect what must happen whenever a definition is written."""
        from countjobs import checks  # noqa: F401  # registers them
        from countjobs.jobstores import rows
        from countjobs.models import definitions_changed, definitions_deleted, detecting
        from countjobs.models.kinds import senders

        detecting.install()
        definitions_changed.connect(rows.definitions_changed)
        definitions_deleted.connect(rows.definitions_deleted)
        for model in senders():
            # Django's own signals tell also of fixtures and of cascades.
            post_save.connect(_saved, sender=model)
            post_delete.connect(_deleted, sender=model)


def _saved(sender: Any, instance: Any, **_: Any) -> None:
    from countjobs.models.saving import tell_saved

    tell_saved(sender, instance.pk)


def _deleted(sender: Any, instance: Any, origin: Any = None, **_: Any) -> None:
    from countjobs.models import JobDefinitionQuerySet, definitions_deleted

    if isinstance(origin, JobDefinitionQuerySet):
        origin.note_deleted(instance)  # it tells of all that it deletes at once
    else:
        definitions_deleted.send(sender=sender, pks=[instance.pk])
