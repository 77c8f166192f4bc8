"""The forms of the page that imports: what to import, and the confirmation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.transfer.reading import MOST_BYTES, decode, refusal

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
