"""The app: it listens to the changes of jobs, and sends messages from beside the schedulers."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    """Alerts."""

    name = "countjobs.alerts"
    label = "countjobs_alerts"
    verbose_name = _("Alerts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen, and have each scheduler run the delivery and the ping beside its loop."""
        from countjobs.alerts import receivers
        from countjobs.alerts.delivery import Delivery
        from countjobs.alerts.old_alerts import purge_alerts
        from countjobs.alerts.ping import Ping
        from countjobs.history import purge
        from countjobs.schedulers import companions

        receivers.connect()
        purge.register("alert", purge_alerts)
        companions.register(Delivery)
        companions.register(Ping)
