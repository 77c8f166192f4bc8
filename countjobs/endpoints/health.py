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
from countjobs.history.holding import held_since
from countjobs.jobstores.problems import problems_of, read_state
from countjobs.jobstores.strangers import Strangers, find_strangers

_STRANGERS_SECONDS = 60.0

_strangers: Kept[Strangers] = Kept(find_strangers, _STRANGERS_SECONDS)


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
        found, is_held = try_twice(_ask)
    except Error:
        found, is_held = ["database"], False
    except ImproperlyConfigured:
        found, is_held = ["settings"], False
    held = {"held": True} if is_held else {}
    return {"status": "problem", "problems": found, **held} if found else {"status": "ok", **held}


def _ask() -> tuple[list[str], bool]:
    state = read_state(timezone.now(), _strangers())
    return [problem.name for problem in problems_of(state)], held_since() is not None


_found: Kept[dict[str, Any]] = Kept(_look)


def forget() -> None:
    """Look again next time."""
    _found.forget()
    _strangers.forget()
