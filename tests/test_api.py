"""What users' code may import: `countjobs.api`, and the paths of 0.1.0."""

from __future__ import annotations

from importlib import import_module

import pytest

from countjobs import api


def test_every_name_of_the_api_is_there() -> None:
    assert [name for name in api.__all__ if not hasattr(api, name)] == []


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("countjobs.admin", "JobDefinitionAdmin"),
        ("countjobs.admin.executions", "ExecutionAdmin"),
        ("countjobs.admin.nodes", "ParkedJobAdmin SchedulerNodeAdmin"),
        ("countjobs.admin.site", "set_index"),
        ("countjobs.executors", "current_run"),
        ("countjobs.history.requests", "request_run request_runs"),
        ("countjobs.jobstores.rows", "run_definition"),
        ("countjobs.models", "CountJob Execution JobDefinition ParkedJob SchedulerNode"),
        ("countjobs.models.countjob", "count_job"),
        ("countjobs.models.executions", "Status"),
        ("countjobs.models.fields", "CronField KeyTextField"),
        ("countjobs.schedulers", "BackgroundScheduler BlockingScheduler create_scheduler"),
        ("countjobs.triggers", "CRON_DEFAULTS ScheduleTrigger"),
        ("countjobs.triggers.upcoming", "upcoming"),
    ],
)
def test_the_import_paths_of_0_1_0_go_on_working(module: str, names: str) -> None:
    found = import_module(module)
    assert [name for name in names.split() if not hasattr(found, name)] == []
