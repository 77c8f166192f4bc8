"""Puts the pages of channels and alerts on the admin's default site."""

from __future__ import annotations

from django.contrib import admin

from countjobs.admin.banner import cautions
from countjobs.alerts.alert_pages import AlertAdmin
from countjobs.alerts.channel_pages import ChannelAdmin
from countjobs.alerts.models import Alert, AlertChannel
from countjobs.alerts.undelivered import undelivered

admin.site.register(AlertChannel, ChannelAdmin)
admin.site.register(Alert, AlertAdmin)
cautions.register(undelivered)
