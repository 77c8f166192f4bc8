"""What is told of a run in few words, in the list and on its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from countjobs.admin import display
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.text import visible


@dataclass(frozen=True)
class Owner:
    """Whose run it is, as far as the reader may know."""

    has_definition: bool
    definition_url: str
    zone: tzinfo


def read_owners(executions: Sequence[Execution], links: Links) -> dict[Any, Owner]:
    """The owners of runs, by the keys of these: one query a kind of definition."""
    definitions = definitions_of({execution.job_id for execution in executions})
    owners = {}
    for execution in executions:
        definition = definitions.get(execution.job_id)
        url = links.to_object(type(definition), definition.pk) if definition else ""
        owners[execution.pk] = Owner(definition is not None, url, zone_of(definition))
    return owners


def job(execution: Execution, owner: Owner) -> SafeString:
    """The job's name as it was, and the definition if it is still there."""
    return format_html(
        "<bdi>{}</bdi> ({})",
        display.link(owner.definition_url, visible(execution.job_name)),
        visible(execution.job_id),
    )


def took(execution: Execution) -> str:
    """How long it took, or has been going on."""
    if execution.status == Status.RUNNING and execution.started_at:
        return display.duration(timezone.now() - execution.started_at)
    return display.duration(execution.duration)


def host(execution: Execution) -> str:
    """The machine and the process, with the scheduler's whole name in the title."""
    short = execution.node.rpartition(":")[0] or execution.node
    if not short:
        return display.NOTHING
    return format_html('<span title="{}">{}</span>', execution.node, short)
