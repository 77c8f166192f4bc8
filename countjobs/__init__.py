"""Schedules edited in the Django admin, run by APScheduler, with their history in the admin."""

__version__ = "0.2.0"
