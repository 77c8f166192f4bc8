"""Django tasks: of `django.tasks`, or of the package `django_tasks` on Django 5.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def enqueue(task: Any, values: Mapping[str, Any]) -> None:
    """Hand a task to its own backend, and say in the run's output under which id."""
    result = task.enqueue(**values)
    print(f"Enqueued {task.module_path} as {result.id}, on the backend “{result.backend}”.")
