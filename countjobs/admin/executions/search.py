"""From the names of jobs to their ids: there are fewer definitions than runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection, models
from django.http import HttpRequest, JsonResponse

from countjobs.admin.links import Links
from countjobs.admin.list_pages import MOST_WORDS
from countjobs.admin.urls import Page
from countjobs.database.primary import rows_of
from countjobs.models import Execution, JobDefinition
from countjobs.text import is_encodable, visible

MOST_JOBS = 20
"""How many jobs' runs are searched for at once. With more ids, if none of these jobs has run
lately, a database may decide to read all runs, newest first.
"""
MOST_SUGGESTED = 20
_LONGEST_NAME = 200

Kinds: TypeAlias = list[type[JobDefinition]]
"""The kinds whose definitions the user may see."""


def job_ids_like(text: str, kinds: Kinds) -> tuple[list[str], bool]:
    """The ids of jobs of these kinds whose names have all words; and whether there are more.

    The text may also be an id: some runs' jobs have no definition.
    """
    found = _like(kinds, text, MOST_JOBS + 1)
    ids = [job_id for job_id, _name in islice(found, MOST_JOBS + 1)]
    by_id = [text] if Execution.objects.of_jobs([text]).exists() else []
    return by_id + ids[:MOST_JOBS], len(ids) > MOST_JOBS


def job_ids_called(name: str, kinds: Kinds) -> list[str]:
    """The ids of the jobs of these kinds with exactly this name: at most one of each kind.

    If no job has this name, it is taken for an id.
    """
    if not _can_be_asked(name):
        return [name]
    called = [
        kind.job_id_of(pk)
        for kind in kinds
        for pk in rows_of(kind).filter(name=name).values_list("pk", flat=True)
    ]
    return called or [name]


def _like(kinds: Kinds, text: str, most: int) -> Iterator[tuple[str, str]]:
    if not _can_be_asked(text):
        return
    for kind in kinds:
        # Unsorted: else a database may read along the index of names, and fetch each row.
        found: Any = rows_of(kind).order_by()
        for word in text.split()[:MOST_WORDS]:
            found = found.filter(_has(word))
        for pk, name in found.values_list("pk", "name")[:most]:
            yield kind.job_id_of(pk), name


def _has(word: str) -> models.Q | models.Func:
    """Whether a name contains a word, whatever its case.

    On PostgreSQL, Django's `icontains` converts each name to upper case, which takes three times as
    long: too long for 100,000 names.
    """
    if connection.vendor != "postgresql":
        return models.Q(name__icontains=word)
    pattern = models.Value(f"%{connection.ops.prep_for_like_query(word)}%")
    yes = models.BooleanField()
    return models.Func(
        "name", pattern, template="%(expressions)s", arg_joiner=" ILIKE ", output_field=yes
    )


def _can_be_asked(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and "\0" not in text and is_encodable(text)


def _suggest(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> JsonResponse:
    """The ids and names of jobs whose names have the words of `q`, as JSON.

    Only for users who may see runs, and only definitions that they may see. Raises
    PermissionDenied.
    """
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    kinds = Links(request, model_admin.admin_site).visible_kinds()
    found = _like(kinds, request.GET.get("q", ""), MOST_SUGGESTED)
    jobs = sorted(islice(found, MOST_SUGGESTED * len(kinds)), key=lambda job: job[1])
    shown = jobs[:MOST_SUGGESTED]
    return JsonResponse({"jobs": [{"id": job_id, "name": visible(name)} for job_id, name in shown]})


PAGES = (Page("jobs", "jobs/", _suggest),)
