"""Executors: where runs are carried out, their output captured, their outcome reported."""

from countjobs.executors.current import current_run
from countjobs.executors.threads import ThreadPoolExecutor

__all__ = ["ThreadPoolExecutor", "current_run"]
