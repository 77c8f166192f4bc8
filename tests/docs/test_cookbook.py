"""Every example of the cookbook works."""

from __future__ import annotations

import pytest
from django.test.utils import isolate_apps
from django.utils import timezone

from countjobs.models import CountJob, ParkedJob
from countjobs.models.executions import Status
from tests.support.factories import NOON, code_job, every, make_execution, make_node, store_job
from tests.support.markdown import Block, blocks, run

EXAMPLES = blocks("docs/cookbook.md", "python")


def test_the_examples_are_found() -> None:
    assert len(EXAMPLES) >= 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_of_the_cookbook_works(example: Block) -> None:
    with isolate_apps("tests.app"):
        run(example, "docs/cookbook.md")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_works_again_and_beside_others(example: Block) -> None:
    """Issue 8, line 37: a program starts more than once, and is not alone on its database."""
    for name in ("another", "report of another kind"):
        CountJob.objects.create(name=name, second="*", max_instances=100)
    store_job(code_job("other", every(1)), due=NOON)
    store_job(code_job("parked"), due=None)
    ParkedJob.objects.create(job_id="parked", error="broken", parked_at=NOON)
    make_execution(Status.FAILED, job_id="once", scheduled_at=timezone.now(), output="other")
    make_node(heartbeat=timezone.now())
    for _ in range(2):
        with isolate_apps("tests.app"):  # a kind is defined once in a process
            run(example, "docs/cookbook.md")
