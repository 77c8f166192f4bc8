"""Schedules edited in the Django admin, run by APScheduler, with their history in the admin."""
