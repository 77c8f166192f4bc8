"""Where these pages were until 0.2: the import goes on working."""

from countjobs.admin.broken import ParkedJobAdmin
from countjobs.admin.schedulers import SchedulerNodeAdmin

__all__ = ["ParkedJobAdmin", "SchedulerNodeAdmin"]
