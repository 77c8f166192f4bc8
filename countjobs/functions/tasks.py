"""Django tasks: of `django.tasks`, or of the package `django_tasks` on Django 5.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FAILED = "FAILED"
"""As both packages name it."""


def enqueue(task: Any, values: Mapping[str, Any]) -> None:
    """Hand a task to its own backend, and say in the run's output under which id.

    Raises RuntimeError if the backend ran the task at once, and the task failed.
    """
    result = task.enqueue(**values)
    print(f"Enqueued {task.module_path} as {result.id}, on the backend “{result.backend}”.")
    if result.status == _FAILED:
        error = RuntimeError("The task failed.")
        for each in result.errors:
            error.add_note(each.traceback)
        raise error
