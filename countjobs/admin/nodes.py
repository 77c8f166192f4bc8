"""Kept so that imports from this module, where these pages were until 0.2, still work."""

from countjobs.admin.broken import ParkedJobAdmin
from countjobs.admin.schedulers import SchedulerNodeAdmin

__all__ = ["ParkedJobAdmin", "SchedulerNodeAdmin"]
