"""The page `health/`: whether jobs can run, for probes of the web server. It names nothing."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from countjobs.database.outages import try_twice
from countjobs.endpoints.kept_answers import Kept
from countjobs.endpoints.kept_strangers import strangers
from countjobs.history.holding import held_since
from countjobs.jobstores.problems import problems_of, read_state


@login_not_required
@transaction.non_atomic_requests
@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 if all is well, otherwise 503, with the problems that `schedulerstatus` lists.

    There are two more problems here: `database`, if it can't be used, and `settings`, if COUNTJOBS
    has a wrong value. That somebody holds all jobs is no problem, but is said.
    """
    found = _found()
    return JsonResponse(found, status=503 if "problems" in found else 200)


def _look() -> dict[str, Any]:
    try:
        return try_twice(_ask)
    except Error:
        return _away()
    except ImproperlyConfigured:
        return _told(["settings"])


def _ask() -> dict[str, Any]:
    state = read_state(timezone.now(), strangers())
    found = _told([problem.name for problem in problems_of(state)])
    return found if held_since() is None else {**found, "held": True}


def _away() -> dict[str, Any]:
    return _told(["database"])


def _told(problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"problems": problems} if problems else {}
    found["status"] = "problem" if problems else "ok"
    return found


_found: Kept[dict[str, Any]] = Kept(_look, _away)


def forget() -> None:
    """Look again next time."""
    _found.forget()
    strangers.forget()
