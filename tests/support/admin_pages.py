"""What tests read off the pages of the admin, most of them of definitions."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from countjobs.models import CountJob, Execution, JobDefinition

LIST = "/admin/countjobs/countjob/"
ADD = "/admin/countjobs/countjob/add/"
RUNS = "/admin/countjobs/execution/"


def change_url(definition: JobDefinition) -> str:
    name = definition._meta.model_name
    return reverse(f"admin:{definition._meta.app_label}_{name}_change", args=[definition.pk])


def cell(page: str, column: str) -> str:
    """The text of the first cell of a column of a list."""
    found = re.search(rf'<t[dh] class="field-{column}[^"]*">(.*?)</t[dh]>', page, re.DOTALL)
    assert found, column
    return " ".join(strip_tags(found[1]).split())


def told(client: Client, column: str) -> str:
    """The same of the list of definitions."""
    return cell(client.get(LIST).content.decode(), column)


def rows_before(query: str, per_page: int) -> int:
    """How many rows lie on the pages of a list before the one that is asked for."""
    page = dict(parse_qsl(query)).get("p", "1")
    return (int(page) - 1) * per_page


def said(response: object) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]  # of the test client


def field(page: str, name: str) -> str:
    """The words at a read-only field."""
    found = re.search(rf'form-row[^"]*field-{name}">(.*?)\n        </div>', page, re.DOTALL)
    assert found, name
    return words(found[1])


def words(page: str) -> str:
    """All that a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def fire_times(page: str) -> list[datetime]:
    """The instants that a page's preview names, in the job's zone."""
    rows = re.findall(r"<tr><td><time datetime=\"([^\"]*)\"", page)
    return [datetime.fromisoformat(text) for text in rows]


def run_url(run: Execution, page: str = "change") -> str:
    return reverse(f"admin:countjobs_execution_{page}", args=[run.pk])


def form_of(definition: CountJob) -> dict[str, Any]:
    """What the form sends that would save such a definition."""
    fields = CountJob._meta.concrete_fields
    values = {field.name: field.value_from_object(definition) for field in fields if field.editable}
    values["messages"] = json.dumps(definition.messages)
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }


def names(client: Client, query: str = "") -> list[str]:
    """The names of the jobs in the list, in its order."""
    response = client.get(f"{RUNS}?{query}")
    assert response.status_code == 200
    return [execution.job_name for execution in response.context["cl"].result_list]
