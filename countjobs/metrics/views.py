"""The page `metrics/` of the web server: the gauges, for who has the token."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from countjobs.conf import Conf
from countjobs.metrics.exposition import database_families, expose

_SCHEME = "bearer"


@login_not_required
@transaction.non_atomic_requests
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What is due, running, broken and so on. Runs are counted by the schedulers, not here."""
    token = Conf.load().metrics_token if Conf.is_sound() else ""
    if not token:
        raise Http404
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME or not constant_time_compare(given.strip(), token):
        return HttpResponse(
            "A token is needed.\n",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": 'Bearer realm="countjobs metrics"'},
        )
    exposed = expose(database_families(), request.headers.get("Accept", ""))
    return HttpResponse(exposed.body, content_type=exposed.content_type)
