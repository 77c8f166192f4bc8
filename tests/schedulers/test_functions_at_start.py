"""A scheduler that starts takes up what was parked because its function was missing."""

from __future__ import annotations

import pytest

from countjobs.jobstores.neighbours import callees_told
from countjobs.models import ParkedJob, SchedulerNode
from tests.support.job_rows import row_of
from tests.support.registering import NAME, function_job, mail, register
from tests.support.scheduling import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("isolated_registry")]


def test_what_was_parked_goes_on_when_the_function_is_back() -> None:
    definition = function_job(arguments={"days": 1}, month="1", day="1")
    assert ParkedJob.objects.get().job_id == definition.job_id
    register(mail)
    with running():
        assert not ParkedJob.objects.exists()
        assert row_of(definition).next_run_time is not None


def test_it_tells_the_others_what_it_knows() -> None:
    register(mail, aliases=["old"])
    with running():
        node = SchedulerNode.objects.get()
        assert node.callees == [
            *("command clearsessions", "command purgeexecutions"),
            *("function old", f"function {NAME}"),
        ]
        assert callees_told(node.heartbeat) == {*node.callees}
