"""Who may do what: every page, question and write of the app, and the rows to try them on."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from countjobs.admin.transfer.packing import pack
from countjobs.models import CountJob, Execution, Hold, ParkedJob, SchedulerNode
from countjobs.models.executions import Status
from countjobs.transfer.saving import Order
from tests.support.definition_form import form_values
from tests.support.factories import NOON, make_execution
from tests.support.people import ROLES
from tests.support.transfers import document, entry, plan_of

STAFF = {*ROLES} - {"anonymous"}


VIEWERS = STAFF - {"nobody"}


ADDERS = {"adder", "writer", "editor", "superuser"}


CHANGERS = {"changer", "writer", "editor", "superuser"}


DELETERS = {"deleter", "editor", "superuser"}


PAUSERS = {"pauser", "editor", "superuser"}


RUNNERS = {"runner", "superuser"}


HOLDERS = {"holder", "superuser"}


IMPORTERS = ADDERS & CHANGERS & PAUSERS


NOBODY: set[str] = set()


PAGES: dict[str, set[str]] = {
    "index": STAFF,
    "countjobs": VIEWERS,
    "overview": VIEWERS,
    "overview_parts": VIEWERS,
    "running": VIEWERS,
    "running_parts": VIEWERS,
    "jobs": VIEWERS,
    "hold": HOLDERS,
    "countjob_changelist": VIEWERS,
    "countjob_add": ADDERS,
    "countjob_change": VIEWERS,
    "countjob_import": IMPORTERS,
    "import": IMPORTERS,
    "countjob_run": RUNNERS,
    "countjob_history": VIEWERS,
    "countjob_delete": DELETERS,
    "execution_changelist": VIEWERS,
    "execution_change": VIEWERS,
    "execution_history": VIEWERS,
    "execution_live": VIEWERS,
    "execution_jobs": VIEWERS,
    "execution_add": NOBODY,
    "execution_delete": NOBODY,
    "schedulernode_changelist": VIEWERS,
    "schedulernode_change": VIEWERS,
    "schedulernode_history": VIEWERS,
    "schedulernode_add": NOBODY,
    "schedulernode_delete": NOBODY,
    "parkedjob_changelist": VIEWERS,
    "parkedjob_change": VIEWERS,
    "parkedjob_history": VIEWERS,
    "parkedjob_add": NOBODY,
    "parkedjob_delete": NOBODY,
}
"""Who is shown a page. Others are refused, and `anonymous` is led to the login page."""


QUESTIONS: dict[str, set[str]] = {
    "countjob_crontab_new": ADDERS | CHANGERS,
    "countjob_preview_new": ADDERS | CHANGERS,
    "countjob_crontab": CHANGERS,
    "countjob_preview": CHANGERS,
    "export": VIEWERS,
}
"""Who is answered a POST that changes nothing."""


WRITES: dict[str, set[str]] = {
    "countjob_add": ADDERS,
    "countjob_change": CHANGERS,
    "countjob_delete": DELETERS,
    "countjob_run": RUNNERS,
    "countjob_pause": PAUSERS,
    "countjob_resume": PAUSERS,
    "countjob_enabled": PAUSERS,
    "countjob_again": CHANGERS,
    "countjob_import": IMPORTERS,
    "import": IMPORTERS,
    "jobs": PAUSERS,
    "run_now": RUNNERS,
    "pause": PAUSERS,
    "resume": PAUSERS,
    "duplicate": ADDERS,
    "delete_selected": DELETERS,
    "execution_again": RUNNERS,
    "execution_cancel": RUNNERS,
    "running_cancel": RUNNERS,
    "hold": HOLDERS,
    "release": HOLDERS,
    "cancel": RUNNERS,
    "execution_add": NOBODY,
    "execution_change": NOBODY,
    "execution_delete": NOBODY,
    "execution_changelist": NOBODY,
    "schedulernode_add": NOBODY,
    "schedulernode_change": NOBODY,
    "schedulernode_delete": NOBODY,
    "parkedjob_add": NOBODY,
    "parkedjob_change": NOBODY,
    "parkedjob_delete": NOBODY,
    "countjob_changelist": NOBODY,
    "schedulernode_changelist": NOBODY,
    "parkedjob_changelist": NOBODY,
    "countjob_history": NOBODY,
    "execution_history": NOBODY,
    "schedulernode_history": NOBODY,
    "parkedjob_history": NOBODY,
}
"""Whose POST has an effect."""


ACTIONS = {
    "export": QUESTIONS["export"],
    **{
        name: WRITES[name]
        for name in ("run_now", "pause", "resume", "duplicate", "delete_selected")
    },
}
"""Whom the list of definitions offers an action."""


ACTIONS_ON_RUNS = {"cancel": WRITES["cancel"]}
"""Whom the list of runs offers one."""


WITHOUT_A_ROW = (
    *("_changelist", "_add", "_import", "_jobs", "_new", "_overview", "_overview_parts"),
    *("_running", "_running_parts", "_running_cancel", "_hold", "_release"),
)


class Rows:
    """One row of each kind, and what a page's address needs to name it."""

    def __init__(self) -> None:
        self.on = CountJob.objects.create(name="on", description="old")
        self.off = CountJob.objects.create(name="off", enabled=False)
        self.over = CountJob.objects.create(name="over", schedule_type="once", run_at=NOON)
        of_definition: dict[str, Any] = {"job_id": self.on.job_id, "job_name": "old"}
        self.execution = make_execution(**of_definition)
        self.queued = make_execution(Status.QUEUED, **of_definition)
        self.node = SchedulerNode.objects.create(
            host="old", pid=1, version="1", started=NOON, heartbeat=NOON, capacity=1
        )
        self.parked = ParkedJob.objects.create(job_id="old", error="old", parked_at=NOON)
        self.hold = Hold.objects.create(reason="old", held_at=NOON)

    def address(self, page: str) -> str:
        if page == "index":
            return reverse("admin:index")
        if page == "countjobs":
            return reverse("admin:app_list", args=["countjobs"])
        name = f"countjobs_{page}"
        model = page.split("_", maxsplit=1)[0]
        if page == "countjob_resume":
            return reverse(f"admin:{name}", args=[self.off.pk])
        if page == "countjob_again":
            return reverse(f"admin:{name}", args=[self.over.pk])
        if page == "execution_cancel":
            model = "queued"
        args = [] if name.endswith(WITHOUT_A_ROW) else [self._key(model)]
        return reverse(f"admin:{name}", args=args)

    def _key(self, model: str) -> Any:
        rows: dict[str, Any] = {
            "countjob": self.on,
            "execution": self.execution,
            "queued": self.queued,
            "schedulernode": self.node,
            "parkedjob": self.parked,
        }
        return rows[model].pk

    def state(self) -> list[Any]:
        """Everything that a POST might change."""
        models: list[Any] = [CountJob, Execution, SchedulerNode, ParkedJob, Hold]
        return [list(model.objects.order_by("pk").values()) for model in models]

    def post(self, client: Client, what: str) -> int:
        """Post what would have the effect, and return the status."""
        return int(self.answer(client, what).status_code)

    def answer(self, client: Client, what: str) -> Any:
        """The response to that."""
        data: dict[str, Any] = {"post": "yes", "job_name": "new", "host": "new", "error": "new"}
        data["run_at"] = "2199-01-01T12:00:00"
        if what in ACTIONS:
            url = self.address("countjob_changelist")
            data |= {"action": what, "_selected_action": [self.on.pk, self.off.pk]}
        elif what in ACTIONS_ON_RUNS:
            url = self.address("execution_changelist")
            data |= {"action": what, "index": "0", "_selected_action": [self.queued.pk]}
        else:
            url = self.address(what)
            data |= form_values({"description": "new"}) if what.startswith("countjob") else {}
        if what == "execution_changelist":
            data |= {"action": "delete_selected", "_selected_action": [self.execution.pk]}
        if what == "hold":
            Hold.objects.all().delete()
        if what.endswith("import"):
            data = {"packed": _shown(PLACES[what]), "_confirm": "yes"}
        response = client.post(url, self._own_data().get(what, data))
        if what == "hold" and not Hold.objects.exists():  # as it was
            self.hold.save(force_insert=True)
        response.getvalue()  # a file that is read to its end is closed
        return response

    def _own_data(self) -> dict[str, dict[str, Any]]:
        """What is posted, for what is unlike the others."""
        return {
            "countjob_enabled": {"enabled": "0"},
            "countjob_delete": {"post": "yes"},
            "jobs": {"action": "pause", "all": "1"},
            "running_cancel": {"run": self.queued.pk},
            "hold": {"reason": "new"},
            "release": {"held_at": self.hold.held_at.isoformat()},
        }


PLACES = {"countjob_import": "countjobs.countjob", "import": "all"}
"""What the dry run on a page is signed for."""


def _shown(place: str) -> str:
    """What a dry run has shown to somebody who may import: anybody may have got hold of it."""
    text = document(entry("imported"))
    return pack(Order(text, plan_of(text).digest()), place)
