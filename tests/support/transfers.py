"""Files of definitions for tests: made, sent, and confirmed as a person does."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import unescape
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils.html import strip_tags

from countjobs.admin import JobDefinitionAdmin
from countjobs.admin.transfer.permitted import scope_of_kind
from countjobs.models import CountJob, JobDefinition
from countjobs.transfer.dry_run import Plan, dry_run
from countjobs.transfer.everything import kinds_by_label, parts_of, scope_of_everything
from countjobs.transfer.saving import Order, apply
from countjobs.transfer.scope import Scope
from countjobs.transfer.written_files import written

LIST = "/admin/countjobs/countjob/"
IMPORT = f"{LIST}import/"


def document(*entries: Any, **keys: Any) -> str:
    """The text of a file with these entries."""
    return json.dumps({"format": "countjobs", "version": 1, "definitions": list(entries), **keys})


def entry(name: Any = "a", **fields: Any) -> dict[str, Any]:
    """An entry of a count job."""
    return {"model": "countjobs.countjob", "name": name, **fields}


def exported(client: Client, definitions: Sequence[JobDefinition] = (), **posted: Any) -> str:
    """The file that the list's action gives."""
    data = {"action": "export", "_selected_action": [each.pk for each in definitions], **posted}
    response = client.post(LIST, data)
    assert response.status_code == 200
    return b"".join(response).decode()


def sent(client: Client, text: str) -> str:
    """The page that a pasted text is answered with."""
    response = client.post(IMPORT, {"text": text})
    assert response.status_code == 200
    return response.content.decode()


def packed(page: str) -> str:
    """What the page carries to its confirmation."""
    found = re.search(r'name="packed" value="([^"]*)"', page)
    assert found, "nothing is there to confirm"
    return found[1]


def confirmed(client: Client, page: str, *, url: str = IMPORT, **posted: Any) -> HttpResponse:
    """The answer to the button that confirms."""
    response: Any = client.post(url, {"packed": packed(page), "_confirm": "Import", **posted})
    return response  # type: ignore[no-any-return]  # of the test client


def rows(page: str) -> list[str]:
    """The rows of the dry run's tables, as words."""
    bodies = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    return [
        " ".join(unescape(strip_tags(row)).split())
        for body in bodies
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def names() -> list[str]:
    return sorted(CountJob.objects.values_list("name", flat=True))


def plan_of(text: str, model: type[JobDefinition] = CountJob) -> Plan:
    """What would become of a file that a superuser sends."""
    return dry_run(scope_of(model), text)


def scope_of(model: type[JobDefinition] = CountJob) -> Scope:
    """What a superuser may import of a kind."""
    return scope_of_kind(model_admin_of(model), request_of_somebody())


def model_admin_of(model: type[JobDefinition]) -> JobDefinitionAdmin:
    """The model admin of a kind."""
    return JobDefinitionAdmin(model, admin.site)


def request_of_somebody() -> HttpRequest:
    """A request of somebody who may do everything."""
    request = RequestFactory().get("/")
    request.user = User(username="somebody", is_superuser=True, is_staff=True)
    return request


def problems(plan: Plan) -> list[tuple[str, str]]:
    """What is wrong, with all entries."""
    return [problem for each in plan.entries for problem in each.problems]


def everything() -> str:
    """The file of all definitions that there are."""
    return "".join(written(parts_of(kinds_by_label(), group=None)))


def plan_of_all(text: str) -> Plan:
    """What would become of a file of any kinds, without a form's limits."""
    return dry_run(scope_of_everything(), text)


def import_all(text: str, *, leave_out: bool = False) -> Plan:
    """Import a file of any kinds, as the command does."""
    return apply(scope_of_everything(), Order(text), leave_out=leave_out)


def empty_the_site() -> None:
    """Delete all definitions."""
    for kind in kinds_by_label().values():
        kind._default_manager.all().delete()
