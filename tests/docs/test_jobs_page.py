"""The examples of the page on jobs, as far as they can be run: they define kinds of jobs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.test.utils import isolate_apps

from countjobs.executors.runs import carry_out
from countjobs.models import JobDefinition
from countjobs.models.executions import Status
from tests.support.executing import run_of
from tests.support.markdown import Block, blocks, run

EXAMPLES = blocks("docs/jobs.md", "python")
pytestmark = pytest.mark.django_db


def test_the_examples_are_found() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
@isolate_apps("tests.app")
def test_an_example_defines_a_kind_of_job(example: Block) -> None:
    names = run(example, "docs/jobs.md")
    (kind,) = (
        each
        for each in names.values()
        if isinstance(each, type)
        and issubclass(each, JobDefinition)
        and each.__module__ == names["__name__"]
    )
    assert not [each for each in kind.check() if each.level >= checks.ERROR]


@isolate_apps("tests.app")
def test_the_first_kind_of_job_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    kind: Any = run(EXAMPLES[0], "docs/jobs.md")["Greeting"]
    kind(greeted="world").run()
    assert capsys.readouterr().out == "Hello, world!\n"


@isolate_apps("tests.app")
def test_the_async_example_runs() -> None:
    (example,) = (each for each in EXAMPLES if "async def run" in each.text)
    kind = run(example, "docs/jobs.md")["CountDefinitions"]
    assert isinstance(kind, type)
    assert carry_out(run_of(kind().run), 1_000).status == Status.SUCCEEDED
    assert carry_out(run_of(kind(least=1).run), 1_000).error == "RuntimeError: too few"
