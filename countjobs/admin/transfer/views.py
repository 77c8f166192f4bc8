"""The page that imports: a form, then the dry run of what was sent, then its confirmation.

Nothing is saved before the confirmation, and then just what was shown, or else it is shown anew.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from countjobs.admin.addresses import address_of, name_of, view_of
from countjobs.admin.transfer.applying import NotAppliedError, apply
from countjobs.admin.transfer.carried import Carried, unpack
from countjobs.admin.transfer.dryrun import dry_run
from countjobs.admin.transfer.forms import ConfirmForm, SourceForm
from countjobs.admin.transfer.plan import Plan, State
from countjobs.admin.transfer.shown import WORDS, groups_of

CONFIRM = "_confirm"
"""The name of the button that confirms."""


class _Imports(Protocol):
    def has_import_permission(self, request: HttpRequest) -> bool: ...


class ImportView:
    """The view of a kind of definition."""

    template = "admin/countjobs/import.html"

    def __init__(self, page: admin.ModelAdmin[Any]) -> None:
        self.page = page

    def url(self) -> URLPattern:
        """Its address, beside that of the page to add one."""
        view = require_http_methods(["GET", "HEAD", "POST"])(self.answer)
        name = name_of(self.page.opts, "import")
        return path("import/", view_of(self.page.admin_site, view), name=name)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The step that was asked for. Raises PermissionDenied."""
        if not cast(_Imports, self.page).has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._ask(request, SourceForm())
        return self._confirm(request) if CONFIRM in request.POST else self._dry_run(request)

    def _dry_run(self, request: HttpRequest) -> HttpResponse:
        form = SourceForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._ask(request, form)
        text = form.cleaned_data["given"]
        try:
            return self._show(request, dry_run(self.page, request, text), text, form)
        except ValidationError as error:
            form.add_error(form.source, error)
            return self._ask(request, form)

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        try:
            carried = unpack(request.POST.get("packed", ""), self.page.model)
            plan = apply(self.page, request, carried, leave_out="leave_out" in request.POST)
        except NotAppliedError as error:
            self._warn(request, str(error))
            return self._show(request, error.plan, carried.text, refused=error.refused)
        except ValidationError as error:  # it takes too long now, say
            self._warn(request, " ".join(error.messages))
            return self._ask(request, SourceForm())
        except BadSignature:
            self._warn(request, _("What was shown can't be read any more. Choose the file again."))
            return self._ask(request, SourceForm())
        self.page.message_user(request, _("Imported: %s.") % summary(plan), messages.SUCCESS)
        return HttpResponseRedirect(self._reverse("changelist"))

    def _warn(self, request: HttpRequest, message: str) -> None:
        self.page.message_user(request, message, messages.WARNING)

    def _show(
        self,
        request: HttpRequest,
        plan: Plan,
        text: str,
        form: SourceForm | None = None,
        refused: dict[str, str] | None = None,
    ) -> HttpResponse:
        """The dry run's page. Raises ValidationError where the file can't be carried along."""
        packed = Carried(text, plan.digest(), refused or {}).pack(self.page.model)
        return self._render(
            request,
            title=_("Dry run: what the import would do"),
            groups=groups_of(plan),
            refused=len(plan.having(State.REFUSED)),
            count=len(plan.to_save),
            confirm=ConfirmForm(initial={"packed": packed}) if plan.to_save else None,
            confirm_name=CONFIRM,
            form=form or SourceForm(),
            summary=summary(plan),
        )

    def _ask(self, request: HttpRequest, form: SourceForm) -> HttpResponse:
        title = _("Import %s") % self.page.opts.verbose_name_plural
        return self._render(request, title=title, form=form)

    def _render(self, request: HttpRequest, **context: Any) -> HttpResponse:
        shared = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "media": self.page.media,
            "list_url": self._reverse("changelist"),
        }
        return TemplateResponse(request, self.template, {**shared, **context})

    def address(self) -> str:
        """Where it is."""
        return self._reverse("import")

    def _reverse(self, page: str) -> str:
        return address_of(self.page.admin_site, self.page.opts, page)


def summary(plan: Plan) -> str:
    """How many entries there are of each state."""
    counts = [(len(plan.having(state)), WORDS[state][1]) for state in State]
    told = [_("%(count)d %(state)s") % {"count": n, "state": word} for n, word in counts if n]
    return ", ".join(told)
