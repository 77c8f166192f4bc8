"""The app's start: its checks, and the job store listening to definitions."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_delete, post_migrate, post_save
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
        """Connect what must happen whenever a definition is written, and find functions."""
        from countjobs import checks  # noqa: F401  # registers them
        from countjobs.functions import discovering as functions
        from countjobs.jobstores import declaring, rows
        from countjobs.models import definitions_changed, definitions_deleted, detecting, writes
        from countjobs.models.kinds import senders

        detecting.install()
        definitions_changed.connect(rows.definitions_changed)
        definitions_deleted.connect(rows.definitions_deleted)
        functions.discover()
        for model in senders():
            # Django's own signals tell also of fixtures and of cascades.
            post_save.connect(writes.tell_saved, sender=model)
            post_delete.connect(writes.tell_deleted, sender=model)
        post_migrate.connect(declaring.after_migrate, sender=self)
