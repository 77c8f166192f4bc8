"""Schedulers: APScheduler's own, over the database's job store.

`create_scheduler` builds one. Any number of them may run on one database.
"""

from countjobs.schedulers.build import create_scheduler
from countjobs.schedulers.loop import BackgroundScheduler, BlockingScheduler

__all__ = ["BackgroundScheduler", "BlockingScheduler", "create_scheduler"]
