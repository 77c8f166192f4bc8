"""The page `health/`: whether jobs can run, for probes of the web server. It names nothing."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from countjobs.database.outages import try_twice
from countjobs.endpoints.kept_answers import Kept
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
    has a wrong value.
    """
    found = _problems()
    if found:
        return JsonResponse({"status": "problem", "problems": found}, status=503)
    return JsonResponse({"status": "ok"})


def _look() -> list[str]:
    try:
        state = try_twice(lambda: read_state(timezone.now(), _strangers()))
    except Error:
        return ["database"]
    except ImproperlyConfigured:
        return ["settings"]
    return [problem.name for problem in problems_of(state)]


_problems: Kept[list[str]] = Kept(_look)


def forget() -> None:
    """Look again next time."""
    _problems.forget()
    _strangers.forget()
