"""The page “Jobs”, as tests ask it: definitions of several kinds, and what it says of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from countjobs.models import CommandJob, CountJob, Execution, FunctionJob, JobDefinition
from countjobs.models.executions import Status
from tests.app.models import Gate, Greeting, Label
from tests.support.factories import NOON, execution_of

JOBS = "/admin/countjobs/execution/all-jobs/"
FUNCTION = "shop.jobs.mail"
KINDS: tuple[Any, ...] = (CountJob, FunctionJob, CommandJob, Greeting, Label)
"""The five kinds that these tests mix."""
_OWN: dict[Any, dict[str, Any]] = {
    FunctionJob: {"function": FUNCTION},
    CommandJob: {"command": "clearsessions"},
    Greeting: {"greeted": "you"},
    Gate: {"file": "nowhere"},
}

QUERIES_OF_ALL_JOBS = (
    *(
        f"{name}={value}"
        for name in ("kind", "group", "state", "schedule", "executor")
        for value in ("%00", "%ff", "%ED%A0%80", "x", "x" * 2_000, "countjobs.countjob")
    ),
    *(
        f"o={order}&p={page}"
        for order in ("", "-name", "next", "-next", "last", "p95", "failures")
        for page in (0, 1, 10**6, "9" * 900)
    ),
    *("state=ended&q=%00", "p=%D9%A3", "p=%C2%B2", "p=1.0", "p=+1", "q=%22&o=failures"),
)
ODD_IDS = (
    *("", ":", "x", "\0", "a:b", "auth.user:1", "countjobs.countjob:", "countjobs.countjob:x"),
    *("countjobs.countjob:\0", "countjobs.countjob:-1", f"countjobs.countjob:{'9' * 30}"),
    *(f"countjobs.countjob:{'9' * 5_000}", "countjobs.execution:1", "countjobs.jobdefinition:1"),
    *("app.note:1", "app.label:" + "x" * 9_000, "😀:1"),
)
SELECTIONS_OF_ALL_JOBS: tuple[dict[str, Any], ...] = (
    *({"job": each} for each in ODD_IDS),
    *({"run": each} for each in ODD_IDS),
    {"job": ODD_IDS, "all": "x"},
    {"job": ["countjobs.countjob:1"] * 300},
    {},
)


def define(name: str, kind: Any = CountJob, **fields: Any) -> Any:
    """A definition of any of the five kinds, or a gate."""
    own = {"slug": name} if kind is Label else _OWN.get(kind, {})
    definition: JobDefinition = kind.objects.create(name=name, **{**own, **fields})
    return definition


def define_each(*names: str, **fields: Any) -> list[Any]:
    """Definitions with these names, each of the next kind."""
    return [define(name, KINDS[n % len(KINDS)], **fields) for n, name in enumerate(names)]


def listed(client: Client, query: str = "") -> list[str]:
    """The names in the list, in its order."""
    return [row.name for row in page_of(client, query).context["rows"]]


def page_of(client: Client, query: str = "") -> Any:
    """The page, which is there."""
    response = client.get(f"{JOBS}?{query}")
    assert response.status_code == 200, query
    return response


def press(client: Client, action: str, *ticked: Any, query: str = "", **more: Any) -> Any:
    """Press a button above the list, with these definitions ticked. Earlier messages are read."""
    client.cookies.pop("messages", None)
    data = {"action": action, "job": [each.job_id for each in ticked], **more}
    return client.post(f"{JOBS}?{query}", data)


def exported(response: Any) -> list[str]:
    """The names of the definitions in a file."""
    assert "attachment" in response["Content-Disposition"]
    return [each["name"] for each in json.loads(response.getvalue())["definitions"]]


def requested() -> list[str]:
    """The names of the jobs of which runs are requested, sorted."""
    queued = Execution.objects.filter(status=Status.QUEUED)
    return sorted(queued.values_list("job_name", flat=True))


def enabled(*kinds: Any) -> list[str]:
    """The names of the definitions that are enabled, sorted."""
    rows = (kind.objects.filter(enabled=True) for kind in kinds or (*KINDS, Gate))
    return sorted(name for each in rows for name in each.values_list("name", flat=True))


def ran(definition: Any, *statuses: Status, minutes_ago: int = 1, took: float = 1) -> None:
    """Runs that began so long ago, a second after the other."""
    for number, status in enumerate(statuses):
        begun = NOON - timedelta(minutes=minutes_ago, seconds=-number)
        times = {"started_at": begun, "finished_at": begun + timedelta(seconds=took)}
        execution_of(definition, status, scheduled_at=begun, **times)


def staff_with(codenames: Iterable[str], name: str = "staff") -> Client:
    """A browser of a person with just these permissions."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=list(codenames)))
    client = Client()
    client.force_login(user)
    return client
