"""Part of the banner: channels that don't take their alerts."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from countjobs.admin.banner.cautions import Caution
from countjobs.admin.display import some_of
from countjobs.admin.links import Links
from countjobs.alerts.models import AlertChannel

TRIES = 3
"""After so many tries in vain it is told: one of them may be an accident."""


def undelivered(links: Links) -> Iterator[Caution]:
    """The channels, for who may see channels. One query."""
    if not links.may_view(AlertChannel):
        return
    channels = list(AlertChannel.objects.filter(enabled=True, tries_in_vain__gte=TRIES))
    if channels:
        shown = some_of(
            channels,
            lambda channel: (links.to_object(AlertChannel, channel.pk), str(channel)),
            links.to_list(AlertChannel),
        )
        yield Caution(_("Alerts can't be sent:"), (shown,), _("Their channels say why."))
