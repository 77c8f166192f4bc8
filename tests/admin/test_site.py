"""What the app does to the admin site, and what it lets nobody do to a page."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import accumulate
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.staticfiles.finders import find
from django.urls import reverse
from django_apscheduler.models import DjangoJob, DjangoJobExecution

from countjobs.admin.site import set_index
from countjobs.models import CountJob, ParkedJob, SchedulerNode
from countjobs.models.executions import Status
from tests.support.factories import NOON, make_execution
from tests.support.people import client_of

HOSTILE = "<script>alert('x')</script><b onclick=\"x\">"

DISCOVER = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x" * 60,
    USE_TZ=True,
    INSTALLED_APPS={apps!r},
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
)
django.setup()
from django.contrib import admin
print(sorted(model._meta.label for model in admin.site._registry))
"""

DJANGO = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"]


@pytest.mark.parametrize(
    "apps",
    [
        ["countjobs", "django_apscheduler", *DJANGO],
        ["django_apscheduler", "countjobs", *DJANGO],
        [*DJANGO, "countjobs", "django_apscheduler"],
        [*DJANGO, "django_apscheduler", "countjobs"],
    ],
)
def test_the_pages_that_run_jobs_in_the_web_process_are_off_whatever_the_apps_order(
    apps: list[str],
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DISCOVER.format(apps=apps)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": ""},
    )
    assert done.returncode == 0, done.stderr
    assert "countjobs.CountJob" in done.stdout
    assert "django_apscheduler" not in done.stdout


def test_this_site_has_none_of_the_librarys_pages() -> None:
    assert not admin.site.is_registered(DjangoJob)
    assert not admin.site.is_registered(DjangoJobExecution)


@pytest.mark.django_db
def test_the_librarys_addresses_are_gone() -> None:
    client = client_of("superuser")
    for name in ("djangojob", "djangojobexecution"):
        assert client.get(f"/admin/django_apscheduler/{name}/").status_code == 404


def test_an_index_page_of_the_projects_own_is_left_alone() -> None:
    site = admin.AdminSite()
    site.index_template = "mine.html"
    set_index(site)
    assert site.index_template == "mine.html"


@pytest.mark.django_db
def test_hostile_text_is_escaped_on_every_page() -> None:
    definition = CountJob.objects.create(
        name=HOSTILE, description=HOSTILE, messages={HOSTILE: HOSTILE}
    )
    CountJob.objects.update(timezone=HOSTILE[:64], hour=HOSTILE)
    texts = dict.fromkeys(("output", "error", "traceback", "requested_by", "node"), HOSTILE)
    run = make_execution(
        Status.FAILED,
        job_id=definition.job_id,
        job_name=HOSTILE,
        parameters={HOSTILE: HOSTILE},
        **texts,
    )
    other = make_execution(job_id=HOSTILE, job_name=HOSTILE)
    node = SchedulerNode.objects.create(
        host=HOSTILE, pid=1, version="1", started=NOON, heartbeat=NOON, capacity=1
    )
    ParkedJob.objects.create(job_id=HOSTILE, error=HOSTILE, parked_at=NOON)
    client = client_of("superuser")
    changelist = reverse("admin:countjobs_countjob_changelist")
    chosen = {"action": "run_now", "_selected_action": [definition.pk]}
    pages = [client.post(changelist, chosen, follow=True)]
    addresses: dict[str, list[object]] = {
        "index": [],
        "countjobs_countjob_changelist": [],
        "countjobs_countjob_change": [definition.pk],
        "countjobs_countjob_history": [definition.pk],
        "countjobs_countjob_delete": [definition.pk],
        "countjobs_countjob_run": [definition.pk],
        "countjobs_execution_changelist": [],
        "countjobs_execution_change": [run.pk],
        "countjobs_schedulernode_changelist": [],
        "countjobs_schedulernode_change": [node.pk],
        "countjobs_parkedjob_changelist": [],
    }
    for name, args in addresses.items():
        pages.append(client.get(reverse(f"admin:{name}", args=args)))
    pages.append(client.get(reverse("admin:countjobs_execution_change", args=[other.pk])))
    executions = reverse("admin:countjobs_execution_changelist")
    pages.append(client.get(executions, {"job_id": HOSTILE}))
    pages.append(client.get(executions, {"q": HOSTILE}))
    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        assert "<script>alert" not in text, page.request
        assert "<b onclick" not in text, page.request


def test_every_block_of_the_style_sheet_ends_before_the_next_section() -> None:
    sheet = Path(str(find("countjobs/admin.css"))).read_text()
    lines = sheet.splitlines()
    depths = list(accumulate(line.count("{") - line.count("}") for line in lines))
    assert depths[-1] == 0
    begun = zip(lines, depths, strict=True)
    assert [line for line, depth in begun if line.startswith("/*") and depth] == []
