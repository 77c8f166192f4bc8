"""The page that imports: a form, then the dry run of what was sent, then its confirmation.

Nothing is saved before the confirmation, and then only what was shown: if anything has changed
since, the dry run is shown again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.transfer.applying import Carried, NotAppliedError, apply, unpack
from countjobs.admin.transfer.dry_run import Plan, dry_run
from countjobs.admin.transfer.shown import WORDS, groups_of
from countjobs.admin.urls import READ, WRITE, Page
from countjobs.transfer.entries import State
from countjobs.transfer.reading import MOST_BYTES, decode, refusal

if TYPE_CHECKING:
    from countjobs.admin.definitions.admin import JobDefinitionAdmin

MOST_PASTED = 500_000
"""Characters. Django takes forms of up to 2.5 MB, and files of any size."""

_MEGABYTE = 1024 * 1024


class SourceForm(forms.Form):
    """A file, or its text."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": ".json,application/json"}),
    )
    text = forms.CharField(
        label=_("Or its text"),
        required=False,
        strip=False,
        max_length=MOST_PASTED,
        widget=AdminTextareaWidget({"rows": 10, "class": "countjobs-code", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = gettext("JSON as written by “Export”, at most %(most)d MB.")
        self.fields["file"].help_text = limit % {"most": MOST_BYTES // _MEGABYTE}
        # A browser would cut what is pasted, and say nothing.
        self.fields["text"].widget.attrs.pop("maxlength", None)

    @property
    def source(self) -> str:
        """The name of the field that was filled in."""
        return "text" if self.cleaned_data.get("text") else "file"

    def clean_file(self) -> str:
        """The text of the file. Raises ValidationError."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > MOST_BYTES:
            raise refusal("bytes", most=MOST_BYTES // _MEGABYTE)
        if not (text := decode(file.read())).strip():
            raise ValidationError(_("The file is empty."), code="empty")
        return text

    def clean(self) -> dict[str, Any]:
        """The text, from the file or the field. Raises ValidationError."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        given = [text for text in (cleaned["file"], cleaned["text"]) if text.strip()]
        if len(given) != 1:
            raise ValidationError(_("Either choose a file or paste its text."))
        return {**cleaned, "given": given[0]}


class ConfirmForm(forms.Form):
    """What was shown, and whether to leave out what is refused."""

    packed = forms.CharField(strip=False, widget=forms.HiddenInput)
    leave_out = forms.BooleanField(
        label=_("Leave out refused entries"), required=False, label_suffix=""
    )


CONFIRM = "_confirm"
"""The name of the button that confirms."""


def import_page(model_admin: JobDefinitionAdmin, request: HttpRequest) -> HttpResponse:
    """The requested step. Raises PermissionDenied."""
    if not model_admin.has_import_permission(request):
        raise PermissionDenied
    return _Import(model_admin, request).answer()


PAGES = (Page("import", "import/", import_page, (*READ, *WRITE)),)


class _Import:
    """A request for the page."""

    template = "admin/countjobs/transfer/import.html"

    def __init__(self, model_admin: JobDefinitionAdmin, request: HttpRequest) -> None:
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
            return self._show(dry_run(self.model_admin, self.request, text), text, form)
        except ValidationError as error:
            form.add_error(form.source, error)
            return self._ask(form)

    def _confirm(self) -> HttpResponse:
        try:
            carried = unpack(self.request.POST.get("packed", ""), self.model_admin.model)
            plan = apply(
                self.model_admin, self.request, carried, leave_out="leave_out" in self.request.POST
            )
        except NotAppliedError as error:
            self._warn(str(error))
            return self._show(error.plan, carried.text, refused=error.refused)
        except ValidationError as error:  # it takes too long now, say
            self._warn(" ".join(error.messages))
            return self._ask(SourceForm())
        except BadSignature:
            self._warn(gettext("The file of the dry run can't be read any more. Choose it again."))
            return self._ask(SourceForm())
        self.model_admin.message_user(
            self.request, gettext("Imported: %s.") % summary(plan), messages.SUCCESS
        )
        return HttpResponseRedirect(self.model_admin.page_address("changelist"))

    def _warn(self, message: str) -> None:
        self.model_admin.message_user(self.request, message, messages.WARNING)

    def _show(
        self,
        plan: Plan,
        text: str,
        form: SourceForm | None = None,
        refused: dict[str, str] | None = None,
    ) -> HttpResponse:
        """The dry run's page. Raises ValidationError if the file is too long to carry."""
        packed = Carried(text, plan.digest(), refused or {}).pack(self.model_admin.model)
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
        title = gettext("Import %s") % self.model_admin.opts.verbose_name_plural
        return self._render(title=title, form=form)

    def _render(self, **context: Any) -> HttpResponse:
        shared = {
            **self.model_admin.admin_site.each_context(self.request),
            "opts": self.model_admin.opts,
            "media": self.model_admin.media,
            "list_url": self.model_admin.page_address("changelist"),
        }
        return TemplateResponse(self.request, self.template, {**shared, **context})


def summary(plan: Plan) -> str:
    """How many entries each state has."""
    counts = [(len(plan.having(state)), WORDS[state][1]) for state in State]
    told = [gettext("%(count)d %(state)s") % {"count": n, "state": word} for n, word in counts if n]
    return ", ".join(told)
