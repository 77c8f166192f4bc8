"""The page that imports: a form, then the dry run of what was sent, then its confirmation.

Nothing is saved before the confirmation, and then only what was shown: if anything has changed
since, the dry run is shown again. Each kind has such a page, and all kinds together have one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.links import Links
from countjobs.admin.transfer.import_forms import ConfirmForm, SourceForm
from countjobs.admin.transfer.logged import log_import
from countjobs.admin.transfer.packing import pack, unpack
from countjobs.admin.transfer.permitted import scope_of_all, scope_of_kind
from countjobs.admin.transfer.shown import WORDS, groups_of
from countjobs.admin.urls import READ, WRITE, Page, place_of_app
from countjobs.transfer.dry_run import Plan, dry_run
from countjobs.transfer.entries import State
from countjobs.transfer.format import label_of
from countjobs.transfer.saving import NotAppliedError, Order, Why, apply
from countjobs.transfer.scope import Scope

if TYPE_CHECKING:
    from countjobs.admin.definitions.admin import JobDefinitionAdmin

CONFIRM = "_confirm"
"""The name of the button that confirms."""

_WHY = {
    Why.NOT_TAKEN: _(
        "Nothing was imported, because an entry was refused. See the new dry run below."
    ),
    Why.CHANGED: _(
        "Nothing was imported, because something has changed meanwhile. See the new dry run below."
    ),
    Why.REFUSED: _(
        "Nothing was imported, because entries were refused. To import the others, tick"
        " “Leave out refused entries”."
    ),
}


@dataclass(frozen=True)
class _Place:
    """Where a file is imported: on a kind's own page, or on that of all kinds."""

    name: str
    """What a dry run is signed for. It can be confirmed only here."""
    scope: Scope
    title: str
    way_back: str
    """The URL of the page that it belongs to."""
    list_name: str = ""
    """What is on that page. Empty if it isn't a kind's list."""


def import_of_kind(model_admin: JobDefinitionAdmin, request: HttpRequest) -> HttpResponse:
    """The requested step, for one kind. Raises PermissionDenied."""
    if not model_admin.has_import_permission(request):
        raise PermissionDenied
    plural = str(model_admin.opts.verbose_name_plural)
    place = _Place(
        label_of(model_admin.model),
        scope_of_kind(model_admin, request),
        gettext("Import %s") % plural,
        model_admin.page_address("changelist"),
        plural,
    )
    return _Import(place, model_admin, request).answer()


def import_of_all(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """The requested step, for all kinds that the user may import. Raises PermissionDenied."""
    site = model_admin.admin_site
    scope = scope_of_all(site, request)
    if not scope.kinds:
        raise PermissionDenied
    way_back = Links(request, site).to_jobs() or reverse("admin:index", current_app=site.name)
    place = _Place("all", scope, gettext("Import definitions"), way_back)
    return _Import(place, model_admin, request).answer()


def address_of_import(site: admin.AdminSite, request: HttpRequest) -> str:
    """The URL of the page of all kinds; "" if the user may import none."""
    if not scope_of_all(site, request).kinds:
        return ""
    return reverse("admin:countjobs_import", current_app=site.name)


PAGES = (Page("import", "import/", import_of_kind, (*READ, *WRITE)),)
"""Of each kind."""
PAGES_OF_ALL = (
    Page("countjobs_import", "import/", import_of_all, (*READ, *WRITE), is_of_model=False),
)


class _Import:
    """A request for the page."""

    template = "admin/countjobs/transfer/import.html"

    def __init__(
        self, place: _Place, model_admin: admin.ModelAdmin[Any], request: HttpRequest
    ) -> None:
        self.place = place
        self.model_admin = model_admin
        self.request = request

    def answer(self) -> HttpResponse:
        if self.request.method != "POST":
            return self._ask(SourceForm())
        return self._confirm() if CONFIRM in self.request.POST else self._dry_run()

    def _dry_run(self) -> HttpResponse:
        form = SourceForm(self.request.POST, self.request.FILES)
        if not form.is_valid():
            return self._ask(form)
        text = form.cleaned_data["given"]
        try:
            return self._show(dry_run(self.place.scope, text), text, form)
        except ValidationError as error:
            form.add_error(form.source, error)
            return self._ask(form)

    def _confirm(self) -> HttpResponse:
        try:
            order = unpack(self.request.POST.get("packed", ""), self.place.name)
            plan = apply(
                self.place.scope,
                order,
                leave_out="leave_out" in self.request.POST,
                then=partial(log_import, self.request),
            )
        except NotAppliedError as error:
            self._tell(str(_WHY[error.why]))
            return self._show(error.plan, order.text, refused=error.refused)
        except ValidationError as error:  # it takes too long now, say
            self._tell(" ".join(error.messages))
            return self._ask(SourceForm())
        except BadSignature:
            self._tell(gettext("The file of the dry run can't be read any more. Choose it again."))
            return self._ask(SourceForm())
        self._tell(gettext("Imported: %s.") % summary(plan), messages.SUCCESS)
        return HttpResponseRedirect(self.place.way_back)

    def _tell(self, message: str, level: int = messages.WARNING) -> None:
        self.model_admin.message_user(self.request, message, level)

    def _show(
        self,
        plan: Plan,
        text: str,
        form: SourceForm | None = None,
        refused: dict[str, str] | None = None,
    ) -> HttpResponse:
        """The dry run's page. Raises ValidationError if the file is too long to carry."""
        packed = pack(Order(text, plan.digest(), refused or {}), self.place.name)
        return self._render(
            title=gettext("Dry run: what the import would do"),
            groups=groups_of(plan),
            refused=len(plan.having(State.REFUSED)),
            count=len(plan.to_save),
            confirm=ConfirmForm(initial={"packed": packed}) if plan.to_save else None,
            confirm_name=CONFIRM,
            form=form or SourceForm(),
            summary=summary(plan),
        )

    def _ask(self, form: SourceForm) -> HttpResponse:
        return self._render(title=self.place.title, form=form)

    def _render(self, **context: Any) -> HttpResponse:
        shared = {
            **self.model_admin.admin_site.each_context(self.request),
            "opts": self.model_admin.opts,
            "media": self.model_admin.media,
            "way_back": self.place.way_back,
            "list_name": self.place.list_name,
            "place": place_of_app(self.model_admin.admin_site),
        }
        return TemplateResponse(self.request, self.template, {**shared, **context})


def summary(plan: Plan) -> str:
    """How many entries each state has."""
    counts = [(len(plan.having(state)), WORDS[state][1]) for state in State]
    told = [gettext("%(count)d %(state)s") % {"count": n, "state": word} for n, word in counts if n]
    return ", ".join(told)
