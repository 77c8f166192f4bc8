"""Issue 13, done when 5: a backup beside a running scheduler, and a restore, as the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from countjobs.api import request_run
from countjobs.models import Execution, SchedulerNode
from tests.app.models import Gate, Note
from tests.support.child_processes import reap
from tests.support.clusters import binaries
from tests.support.faults import promised_so_far, unaccounted
from tests.support.own_databases import own_database
from tests.support.paths import ROOT
from tests.support.running_schedulers import database_url, read, run_to_its_end, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

PAGE = "docs/backup.md"
SHORT_LEASE = {"TEST_COUNTJOBS": json.dumps({"HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 2})}
NAMES = [f"note-{number}" for number in range(5)]
BACKS_UP = {"postgresql": ("pg_dump",), "sqlite": ("sqlite3",)}
RESTORES = {"postgresql": ("pg_restore",), "sqlite": ("rm", "cp")}


def commands(heading: str, *programs: str) -> list[str]:
    """The lines of the page below a heading that call one of these programs."""
    section = (ROOT / PAGE).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    fenced = re.findall(r"^ *```sh\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in fenced for line in block.splitlines()]
    found = [line for line in lines if line.split()[0] in programs]
    assert found, f"{PAGE}: {heading} calls none of {programs}"
    return found


@pytest.fixture
def path() -> str:
    """Where the database's own programs are, beside all others."""
    found = binaries()
    paths = os.pathsep.join([*([str(found)] if found else []), os.environ["PATH"]])
    (program,) = BACKS_UP[connection.vendor]
    if shutil.which(program, path=paths) is None:
        pytest.skip(f"There is no {program} on this machine")
    return paths


def shell(line: str, directory: Path, path: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url(), "PATH": path}
    subprocess.run(["sh", "-ec", line], cwd=directory, env=environment, check=True, timeout=60)


@contextmanager
def place_to_restore_to(directory: Path) -> Iterator[None]:
    """An empty database on PostgreSQL. On SQLite the page's own commands take the file away."""
    connection.close()
    if connection.vendor == "sqlite":
        yield
        connection.close()
    else:
        with own_database(directory, "restored"):
            yield


def notes_are_made(notes: Path, log: Path) -> None:
    """Wait until each job has run once more, and twice."""
    size = len(notes.read_text().splitlines()) if notes.exists() else 0
    more = size + 3 * len(NAMES)
    wait_until(
        lambda: notes.exists() and len(notes.read_text().splitlines()) >= more,
        what=lambda: read(log),
    )


def test_a_backup_beside_a_scheduler_is_restored_and_runs_go_on(
    tmp_path: Path, log: Path, path: str
) -> None:
    notes, gate = tmp_path / "notes", tmp_path / "gate"
    with own_database(tmp_path, "db"):
        run_to_its_end("migrate", "-v0", log=log)
        with scheduler(log, **SHORT_LEASE) as first:
            Note.objects.bulk_create(Note(name=name, second="*", file=str(notes)) for name in NAMES)
            long = Gate.objects.create(name="long", hour="3", file=str(gate))
            request_run(long)
            wait_until(lambda: long.has_begun, what=lambda: read(log))
            notes_are_made(notes, log)
            for line in commands("Back up", *BACKS_UP[connection.vendor]):
                shell(line, tmp_path, path)
            notes_are_made(notes, log)
            reap(first)
        before = len(notes.read_text().splitlines())
        with place_to_restore_to(tmp_path):
            for line in commands("Restore", *RESTORES[connection.vendor]):
                shell(line, tmp_path, path)
            for line in commands("Restore", "manage.py")[:-1]:
                run_to_its_end(*shlex.split(line)[1:], log=log)
            with scheduler(log, **SHORT_LEASE):
                the_long_run = Execution.objects.get(job_id=long.job_id)
                assert the_long_run.status == "running"
                wait_until(
                    lambda: Execution.objects.filter(pk=the_long_run.pk, status="lost").exists(),
                    what=lambda: read(log),
                )
                assert len(notes.read_text().splitlines()) == before
                run_to_its_end(*shlex.split(commands("Restore", "manage.py")[-1])[1:], log=log)
                notes_are_made(notes, log)
                run_to_its_end("schedulerstatus", log=log)
            assert SchedulerNode.objects.filter(state="running").count() == 0
            assert not Execution.objects.active().exists()
            every = promised_so_far(NAMES)
            assert len(every) == len(NAMES)
            assert [fault for each in every for fault in unaccounted(each)] == []
