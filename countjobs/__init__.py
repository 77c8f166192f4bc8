"""Schedules edited in the Django admin, run by APScheduler, with their history in the admin."""

from countjobs.functions.registry import declare, job

__all__ = ["declare", "job"]

__version__ = "0.2.0"
