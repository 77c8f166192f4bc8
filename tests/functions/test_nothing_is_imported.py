"""No name out of the database is ever imported, called or evaluated."""

from __future__ import annotations

import json
import os
import runpy
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.test import Client
from django.urls import reverse
from django_apscheduler.models import DjangoJob

from countjobs.functions.calls import find_function
from countjobs.history.requests import request_run
from countjobs.jobstores.claims import claim
from countjobs.jobstores.declaring import sync_declared
from countjobs.jobstores.sync import look_again, sync
from countjobs.models import (
    CommandJob,
    Declaration,
    Execution,
    FunctionJob,
    JobWatch,
    ParkedJob,
)
from tests.support.executing import outcome_of
from tests.support.factories import NOON, code_job, make_execution, make_node, store_job
from tests.support.importing import FILES, dangerous
from tests.support.paths import ROOT
from tests.support.people import client_of
from tests.support.registering import NAME, mail, register

ALLOWED: dict[tuple[str, str], tuple[int, str]] = {
    ("functions/discovering.py", "autodiscover_modules"): (1, "the setting JOBS_MODULE"),
    ("functions/commands.py", "load_command_class"): (1, "a name of the setting COMMANDS"),
    ("alerts/sending/senders.py", "find_spec"): (1, "whether the extra `apprise` is installed"),
    ("schedulers/adding.py", "ref_to_obj"): (1, "what code gives to `add_job`"),
    ("jobstores/signing.py", "pickle.loads"): (1, "signed by this installation, for this row"),
    ("executors/messages.py", "pickle.loads"): (2, "from a worker, over a pipe of its own"),
    ("executors/worker_process.py", "pickle.loads"): (1, "from the scheduler, over that pipe"),
    ("executors/worker_handles.py", "pickle.load in a text"): (
        2,
        "the worker's program, which reads what its scheduler writes to its stdin",
    ),
    ("metrics/library.py", "find_spec"): (1, "the name of a library, which the code says"),
    **{
        (file, "getattr"): (count, "an attribute of a row or of options, whose name the code says")
        for file, count in {
            "admin/definitions/copying.py": 2,
            "admin/definitions/fieldsets.py": 1,
            "admin/definitions/preview/posted.py": 1,
            "admin/definitions/schedule_words.py": 1,
            "admin/executions/page.py": 2,
            "admin/functions/admin.py": 1,
            "admin/functions/chosen_inputs.py": 1,
            "admin/jobs/matching.py": 2,
            "admin/jobs/views.py": 2,
            "admin/overview/watched_jobs.py": 1,
            "admin/permits.py": 1,
            "transfer/field_values.py": 2,
            "transfer/format.py": 1,
            "forms/settling.py": 1,
            "functions/commands.py": 1,
            "conf.py": 1,
            "history/lifecycle.py": 1,
            "imports/beat_tasks.py": 2,
            "models/definitions.py": 1,
            "models/rules.py": 1,
            "models/validity.py": 2,
            "triggers/dates.py": 1,
            "triggers/expressions.py": 1,
        }.items()
    },
}
"""By file and call: how often, and why it is safe."""


def test_every_call_that_could_import_or_run_a_name_is_known() -> None:
    found = Counter(each for path in FILES for each in dangerous(path))
    assert found == {key: count for key, (count, _why) in ALLOWED.items()}


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("import_string(name)", "import_string"),
        ("module_loading.import_string(name)", "import_string"),
        ("importlib.import_module(name)", "import_module"),
        ("__import__(name)", "__import__"),
        ("eval(text)", "eval"),
        ("pickle.loads(data)", "pickle.loads"),
        ("getattr(module, name)", "getattr"),
        ("code = 'import pickle; pickle.load(x)'", "pickle.load in a text"),
    ],
)
def test_such_a_call_is_found(source: str, call: str, tmp_path: Any) -> None:
    (tmp_path / "found.py").write_text(source)
    assert [each for _file, each in dangerous(tmp_path / "found.py")] == [call]


# Names in the database

NAMES = [
    *("tests.app.canary:go", "tests.app.canary.go", "tests.app.canary"),
    *("os.system", "os:system", "__import__('os').system('x')", "tests.app.jobs.fail"),
]


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str | None]]:
    """Tells whether anything was imported or called."""
    monkeypatch.delenv("COUNTJOBS_CANARY", raising=False)
    monkeypatch.setattr(os, "system", lambda _: os.environ.update(COUNTJOBS_CANARY="system"))
    yield lambda: os.environ.get("COUNTJOBS_CANARY")
    os.environ.pop("COUNTJOBS_CANARY", None)


def test_the_canary_would_tell(canary: Callable[[], str | None]) -> None:
    assert canary() is None
    ran = runpy.run_path(str(ROOT / "tests/app/canary.py"))
    assert canary() == "imported"
    ran["go"]()
    assert canary() == "called"
    os.system("x")
    assert canary() == "system"


def make_rows() -> list[models.Model]:
    """A row of each table, and what they call is due."""
    register(mail)
    function = FunctionJob.objects.create(name="function", function=NAME)
    command = CommandJob.objects.create(name="command", command="clearsessions")
    job_ids = [function.job_id, command.job_id]
    DjangoJob.objects.filter(id__in=job_ids).update(next_run_time=NOON)
    return [
        function,
        command,
        Declaration.objects.create(name=NAME, definition=function, values={"enabled": True}),
        make_execution(job_id=function.job_id, parameters={"arguments": {"days": 1}}),
        request_run(function, parameters={"arguments": {"days": 1}}),
        ParkedJob.objects.create(job_id=function.job_id, error="broken", parked_at=NOON),
        JobWatch.objects.get_or_create(job_id=function.job_id, defaults={"counts_from": NOON})[0],
        make_node(NOON),
    ]


def text_columns(row: models.Model) -> Iterator[Any]:
    for field in row._meta.concrete_fields:
        if isinstance(field, (models.CharField, models.TextField, models.JSONField)):
            yield field


def write(row: models.Model, field: Any, name: str) -> bool:
    """Write a name into a column, behind the back of everything. False: it is too long."""
    if field.max_length and len(name) > field.max_length:
        return False
    nested = {"arguments": {"days": name, name: name}, "function": name, name: [name]}
    value = json.dumps(nested) if isinstance(field, models.JSONField) else name
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        table, key = row._meta.db_table, str(row._meta.pk.column)
        cursor.execute(
            f"UPDATE {quote(table)} SET {quote(field.column)} = %s WHERE {quote(key)} = %s",
            [value, row._meta.pk.get_db_prep_value(row.pk, connection)],
        )
    return True


def use() -> None:
    """Have the engine look at the rows."""
    sync_declared(NOON)
    sync(NOON)
    DjangoJob.objects.filter(id__startswith="countjobs.").update(next_run_time=NOON)
    claims = claim(NOON, limit=100, node="here:1:1", busy={})
    for job in claims.jobs:
        for run in job.runs:
            outcome_of(run.call)
    look_again(NOON.replace(year=2030))
    for definition in (*FunctionJob.objects.all(), *CommandJob.objects.all()):
        outcome_of(definition.run)
        assert definition.call_in_words()


def look(client: Client) -> None:
    """Have all pages show the rows."""
    for page in PAGES:
        client.get(page)
    for model in (FunctionJob, CommandJob, Execution):
        for pk in model._base_manager.values_list("pk", flat=True):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
            client.get(reverse(name, args=[pk]))


PAGES = ["/admin/", "/admin/countjobs/"] + [
    f"/admin/countjobs/{name}/" for name in ("functionjob", "commandjob", "execution")
]


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("isolated_registry")
def test_a_name_in_any_column_is_nothing_but_text(
    name: str, canary: Callable[[], str | None]
) -> None:
    client = client_of("superuser")
    written = 0
    for row in make_rows():
        fields = [each for each in text_columns(row) if not each.primary_key]
        for field in fields:
            with transaction.atomic():
                written += write(row, field, name)
                use()
                transaction.set_rollback(True)
            assert canary() is None, (type(row), field.name)
        with transaction.atomic():
            for field in fields:
                write(row, field, name)
            look(client)
            transaction.set_rollback(True)
        assert canary() is None, type(row)
    assert written > 30


@pytest.mark.django_db
def test_a_job_store_row_that_nobody_signed_is_not_even_read(
    canary: Callable[[], str | None],
) -> None:
    store_job(code_job("code"))
    forged = (
        b"cos\nsystem\n(S'x'\ntR.",
        b"ctests.app.canary\ngo\n(tR.",
        b"\x80\x05ctests.app.canary\ngo\n(tR." + b"\0" * 32,
    )
    for state in forged:
        DjangoJob.objects.update(job_state=state, next_run_time=NOON)
        sync(NOON)
        claim(NOON, limit=100, node="here:1:1", busy={})
        look_again(NOON)
        assert canary() is None


@pytest.mark.parametrize("name", NAMES)
def test_no_such_function_is_found(name: str, canary: Callable[[], str | None]) -> None:
    with pytest.raises(Exception, match="There is no function"):
        find_function(name)
    assert canary() is None
