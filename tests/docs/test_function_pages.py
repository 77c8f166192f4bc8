"""The examples of the pages on functions, declared schedules and commands, and what they claim."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from countjobs.api import request_run
from countjobs.conf import Conf
from countjobs.executors.here import run_here
from countjobs.functions.declared_schedules import schedule_fields
from countjobs.functions.parameter_types import TYPES
from countjobs.functions.registry import Options, Registry, Rules
from countjobs.functions.signatures import parameters_of
from countjobs.jobstores.declaring import differences, go_back, sync_declared
from countjobs.models import Declaration, FunctionJob
from tests.support.markdown import Block, blocks, run
from tests.support.paths import ROOT

PAGES = ["functions.md", "declared.md", "command-jobs.md"]
EXAMPLES = [(page, each) for page in PAGES for each in blocks(f"docs/{page}", "python")]
ROW = re.compile(r"^\| (.+?) \| .+ \|$", re.MULTILINE)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]


def section(page: str, heading: str) -> str:
    return (
        (ROOT / "docs" / page).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    )


def block(page: str, words: str) -> Block:
    (found,) = (each for name, each in EXAMPLES if name == page and words in each.text)
    return found


@pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=str)
def test_an_example_works(isolated_registry: Registry, page: str, example: Block) -> None:
    run(example, f"docs/{page}")
    for each in isolated_registry.functions:
        assert parameters_of(each)
    assert not [line for line in sync_declared(timezone.now()) if "can't" in line]


def test_the_first_function_runs() -> None:
    function: Any = run(block("functions.md", "delete_old_sessions"), "")["delete_old_sessions"]
    job = FunctionJob.of(function, name="sessions", arguments={"days": 3}, second="0")
    job.full_clean()
    job.save()
    assert run_here(job, requested_by="").output == "0 sessions deleted\n"


def test_help_comes_from_the_docstring_or_from_the_annotation(isolated_registry: Registry) -> None:
    run(block("functions.md", "delete_old_sessions"), "")
    run(block("functions.md", "raise_prices"), "")
    first, second = map(parameters_of, isolated_registry.functions)
    assert first["days"].help == "How many days ago."
    assert second["category"].help == "Empty: all categories."


def test_the_rules_and_the_object_of_the_example_are_taken() -> None:
    function: Any = run(block("functions.md", "delete_account"), "")["delete_account"]
    anna = User.objects.create(username="anna")
    job = FunctionJob.of(function, name="account", arguments={"user": anna})
    assert (job.time_limit, job.retries, job.arguments) == (60, 3, {"user": anna.pk})
    job.save()
    assert run_here(job, requested_by="").output == "deleted: anna\n"
    anna.delete()
    assert "There is no user" in run_here(job, requested_by="").error


def test_a_run_is_not_asked_for_with_arguments_that_do_not_fit() -> None:
    definition: Any = run(block("functions.md", "FunctionJob.of"), "")["definition"]
    for arguments in ({"times": 3}, {"name": "Anna", "times": "3"}, {"name": "Anna", "age": 3}):
        with pytest.raises(ValueError, match="greet Anna"):
            request_run(definition, parameters={"arguments": arguments})


def test_the_table_has_every_type() -> None:
    names = ROW.findall(section("functions.md", "Parameters"))
    plain = {str(each) if "[" in str(each) else each.__name__ for each in TYPES}
    assert plain <= {name.strip("`") for name in names}


def test_the_table_has_every_option_that_is_no_rule() -> None:
    names = set(
        re.findall(r"`(\w+)`", " ".join(ROW.findall(section("functions.md", "What `@job` takes"))))
    )
    assert names == set(Options.__annotations__) - set(Rules.__annotations__)


def test_the_default_commands_are_there() -> None:
    text = (ROOT / "docs/command-jobs.md").read_text()
    assert f"By default these are {' and '.join(f'`{each}`' for each in Conf().commands)}." in text


# Declared schedules


@pytest.mark.parametrize(
    ("schedule", "fields"),
    [
        ('{"hour": 3}', {"day": "*", "hour": "3", "minute": "0", "second": "0"}),
        ('{"minute": "*/5"}', {"hour": "*", "minute": "*/5", "second": "0"}),
        ('{"day_of_week": "mon"}', {"day_of_week": "mon", "day": "*", "hour": "0", "minute": "0"}),
        ('{"day": "last", "hour": 22}', {"day": "last", "hour": "22", "minute": "0"}),
        ('{"hour": 9, "timezone": "Asia/Tokyo"}', {"hour": "9", "timezone": "Asia/Tokyo"}),
        ('"30 9 * * mon-fri"', {"day_of_week": "mon-fri", "hour": "9", "minute": "30"}),
        ("timedelta(minutes=5)", {"schedule_type": "interval", "every": 300}),
        (
            '{"every": 300, "start_date": datetime(2026, 12, 1, tzinfo=UTC)}',
            {"every": 300, "start_date": datetime(2026, 12, 1, tzinfo=UTC)},
        ),
    ],
)
def test_the_schedules_of_the_table_mean_what_it_says(
    schedule: str, fields: dict[str, Any]
) -> None:
    assert f"`{schedule}`" in ROW.findall(section("declared.md", "The schedule"))
    names = {"UTC": UTC, "datetime": datetime, "timedelta": timedelta}
    found = schedule_fields(eval(schedule, names))  # it is what stands above
    assert {name: found[name] for name in fields} == fields


@pytest.fixture
def declared(isolated_registry: Registry) -> FunctionJob:
    """The second definition of the page, as `migrate` makes it."""
    run(block("declared.md", "declare("), "docs/declared.md")
    assert len(sync_declared(timezone.now())) == 2
    return FunctionJob.objects.get(name="delete very old drafts")


def test_promise_30_what_a_person_has_changed_stays_and_can_be_set_back(
    declared: FunctionJob,
) -> None:
    FunctionJob.objects.update(hour="6")
    assert sync_declared(timezone.now()) == []
    declaration = Declaration.objects.get(definition=declared)
    assert [each.field for each in differences(declaration)] == ["hour"]
    go_back(declaration)
    declared.refresh_from_db()
    assert declared.hour == "5"


def test_promise_30_an_orphan_is_disabled_and_comes_back_with_its_declaration(
    isolated_registry: Registry, declared: FunctionJob
) -> None:
    gone = isolated_registry.declared.pop()
    assert "disabled" in sync_declared(timezone.now())[0]
    declared.refresh_from_db()
    assert not declared.enabled
    isolated_registry.declared.append(gone)
    sync_declared(timezone.now())
    declared.refresh_from_db()
    assert declared.enabled


def test_what_was_deleted_is_made_again(declared: FunctionJob) -> None:
    declared.delete()
    assert "made, as declared" in sync_declared(timezone.now())[0]


def test_a_name_that_is_taken_gets_a_number(
    isolated_registry: Registry, declared: FunctionJob
) -> None:
    declared.delete()
    FunctionJob.objects.create(name=declared.name, function="another")
    sync_declared(timezone.now())
    assert FunctionJob.objects.filter(name=f"{declared.name} (2)").exists()
