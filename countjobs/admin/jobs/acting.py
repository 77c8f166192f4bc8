"""What the buttons of the page “Jobs” do, by the same doors as those of the kinds' own lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _

from countjobs.admin.definitions.pausing import set_enabled, switched_words, warn_if_held
from countjobs.admin.definitions.run_now import ask_for_runs
from countjobs.admin.guarded import is_guarded, startable
from countjobs.admin.jobs.matching import Found, Kind
from countjobs.admin.permits import Permits
from countjobs.admin.transfer.export import export_file_of_all

MOST_RUNS = 1_000
"""How many runs are requested at once."""


def act(request: HttpRequest, permits: Permits, action: str, found: Found) -> FileResponse | None:
    """Do it with these definitions, and say what was done. Returns the file of an export."""
    if action == "export":
        return export_file_of_all(permits.site, request, found)
    if action in _ACTS:
        permission, do = _ACTS[action]
        do(request, permits.site, _permitted(request, permits, permission, found))
    return None


def _permitted(request: HttpRequest, permits: Permits, permission: str, found: Found) -> Found:
    """Those kinds with which the user may do this. A message names the others."""
    may = {kind: rows for kind, rows in found.items() if permits.may(permission, kind)}
    if others := [kind for kind in found if kind not in may and found[kind].exists()]:
        names = ", ".join(str(kind._meta.verbose_name_plural) for kind in others)
        messages.warning(request, _("You may not do this with: %(kinds)s.") % {"kinds": names})
    return may


def _set_enabled(request: HttpRequest, site: AdminSite, found: Found, *, enabled: bool) -> None:
    for kind, rows in found.items():
        if enabled and is_guarded(kind):
            startable(site.get_model_admin(kind), request, rows)  # says how many are left out
    count = sum(set_enabled(request, rows, enabled=enabled) for rows in found.values())
    messages.success(request, switched_words(count, enabled=enabled))
    warn_if_held(request, count if enabled else 0)


def _run_now(request: HttpRequest, site: AdminSite, found: Found) -> None:
    chosen = {kind: list(rows[: MOST_RUNS + 1]) for kind, rows in found.items()}
    if sum(map(len, chosen.values())) > MOST_RUNS:
        messages.error(request, _("At most %d jobs can be run at once.") % MOST_RUNS)
        return
    jobs = [
        (each.job_id, each.name)
        for kind, definitions in chosen.items()
        for each in startable(site.get_model_admin(kind), request, definitions)
    ]
    if jobs:
        ask_for_runs(request, site, jobs)


_ACTS: dict[str, tuple[str, Callable[[HttpRequest, AdminSite, Found], None]]] = {
    "run_now": ("run", _run_now),
    "pause": ("pause", partial(_set_enabled, enabled=False)),
    "resume": ("pause", partial(_set_enabled, enabled=True)),
}
"""By the button's value: the permission for it, and what it does."""


def offered(permits: Permits, kinds: list[Kind]) -> list[tuple[str, str]]:
    """The buttons for this user: values and words."""
    words = {"run_now": _("Run now"), "pause": _("Pause"), "resume": _("Resume")}
    may = [
        name
        for name, (permission, _do) in _ACTS.items()
        if any(permits.may(permission, kind) for kind in kinds)
    ]
    return [*((name, words[name]) for name in may), ("export", _("Export"))]
