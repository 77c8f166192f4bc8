"""The definitions' form, with a crontab line that fills the fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import Script
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import normalize_newlines
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from countjobs.admin.definitions.widgets import CrontabInput
from countjobs.forms import Settling
from countjobs.models.schedule_fields import WHEN, ScheduleType
from countjobs.models.validity import ENDED
from countjobs.text import shown
from countjobs.triggers import CRON_DEFAULTS
from countjobs.triggers.crontab import Crontab, CrontabError, read_crontab

if TYPE_CHECKING:
    AnyModelForm = forms.ModelForm[Any]
else:
    AnyModelForm = forms.ModelForm

CRONTAB = "crontab_line"
_CRON = ScheduleType.CRON.value


class PartialForm(AnyModelForm):
    """A form that may leave out fields which the model's validation names in its errors.

    Text that nobody has changed stays exactly as it is, though browsers turn its line ends into CR
    LF, and Django strips the spaces around it. So do dates; see `MomentField`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, Settling):
                field.settle(self, name)

    @cached_property
    def changed_data(self) -> list[str]:
        """As Django's, without text that nobody has changed."""
        changed = super().changed_data
        return [name for name in changed if not self._is_untouched(name)]

    def clean(self) -> dict[str, Any] | None:
        """As Django's; text that nobody has changed stays as it was."""
        for name, value in self.cleaned_data.items():
            if isinstance(value, str) and self._is_untouched(name):
                self.cleaned_data[name] = self.initial[name]
        return super().clean()

    def _is_untouched(self, name: str) -> bool:
        before = self.initial.get(name)
        if not isinstance(before, str) or name not in self.fields:
            return False
        shown_before, sent = self.fields[name].prepare_value(before), self[name].data
        both_are_text = isinstance(shown_before, str) and isinstance(sent, str)
        return both_are_text and normalize_newlines(shown_before) == normalize_newlines(sent)

    def add_error(self, field: str | None, error: Any) -> None:
        """As Django's, which raises ValueError for a field that isn't in the form. Here that error
        is shown above the form.
        """
        invalid = error if isinstance(error, ValidationError) else ValidationError(error)
        if field is not None or not hasattr(invalid, "error_dict"):
            super().add_error(field, invalid)
            return
        for name, errors in invalid.error_dict.items():
            super().add_error(name if name in self.fields else None, ValidationError(errors))


class DefinitionForm(PartialForm):
    """A form that can be sent with a crontab line.

    Then it isn't saved: its fields are filled in from the line, and it is shown again.

    For a new definition it starts without a schedule, and requires one: nothing is to run before
    somebody has said when.
    """

    crontab_line = forms.CharField(
        label=gettext_lazy("Paste a crontab line"),
        help_text=gettext_lazy(
            "The line fills in the fields below. Example: 30 9 * * mon-fri, or @daily."
        ),
        required=False,
        strip=False,
        widget=CrontabInput,
    )

    class Media:
        js = [
            Script(f"countjobs/{name}.js", type="module") for name in ("post", "crontab", "preview")
        ]

    filled: Crontab | None = None
    """The line that has filled the fields. The user has yet to check it."""
    _refused: CrontabError | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cron = [name for name in CRON_DEFAULTS if name in self.fields]
        if self.instance._state.adding:
            self._begin_without_schedule()
        line = str(self.data.get(self.add_prefix(CRONTAB)) or "")
        if line.strip():
            self._fill(line)

    def _begin_without_schedule(self) -> None:
        for name in self._cron:
            self.fields[name].initial = ""
            if not self.is_bound:  # for the preview beside it
                setattr(self.instance, name, self.initial.get(name, ""))

    def clean(self) -> dict[str, Any] | None:
        """As `PartialForm`'s. A new definition needs a schedule. Raises ValidationError."""
        cleaned = super().clean()
        given = (self.data.get(self.add_prefix(name)) for name in self._cron)
        chosen = (cleaned or {}).get("schedule_type") or self.instance.schedule_type
        is_asked = self.instance._state.adding and self._cron and self._refused is None
        if is_asked and chosen == _CRON and not any(text and text.strip() for text in given):
            at = "hour" if "hour" in self._cron else self._cron[0]
            self.add_error(at, ValidationError(say_when(), code="when"))
        return cleaned

    def _fill(self, line: str) -> None:
        try:
            self.filled = read_crontab(line)
        except CrontabError as error:
            self._refused = error  # for `clean_crontab_line` to say
            return
        data: Any = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict has it
        for name, text in self.filled.values.items():
            data[self.add_prefix(name)] = text
        data[self.add_prefix(CRONTAB)] = ""
        data[self.add_prefix("schedule_type")] = _CRON
        self.data = data

    def clean_crontab_line(self) -> str:
        """Raises ValidationError, which says why, if the line couldn't be read."""
        if self._refused is not None:
            raise ValidationError(str(self._refused), code="crontab") from self._refused
        return ""

    def add_error(self, field: str | None, error: Any) -> None:
        """As `PartialForm`'s. A schedule that had ended before, and is unchanged, may be saved."""
        if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            left = {name: list(self._to_say(some)) for name, some in error.error_dict.items()}
            error = ValidationError({name: some for name, some in left.items() if some})
        super().add_error(field, error)

    def _to_say(self, errors: list[ValidationError]) -> Iterator[ValidationError]:
        is_new = self.instance._state.adding or WHEN & set(self.changed_data)
        yield from (each for each in errors if is_new or each.code != ENDED)

    def is_valid(self) -> bool:
        """As Django's; never if a crontab line has just filled in the form."""
        return super().is_valid() and self.filled is None


def say_when() -> str:
    """The message for a definition that has no schedule yet."""
    return _("Say when the job runs: fill in at least one field of the schedule.")


def filled_words(crontab: Crontab) -> str:
    """The message that a line has filled the fields, and which parts of it were left out."""
    words = [_("The fields are filled in. Nothing is saved yet.")]
    if crontab.zone:
        words.append(_("Time zone: %(zone)s.") % {"zone": crontab.zone})
    if crontab.command:
        left_out = _("“%(command)s” is ignored: the definition, not the line, says what runs.")
        words.append(left_out % {"command": shown(crontab.command)})
    return " ".join(words)


def without_wrong_dates(model: type[models.Model], initial: dict[str, Any]) -> dict[str, Any]:
    """Initial values from a URL, without invalid dates."""
    dates = {field.name: field for field in model._meta.concrete_fields if _is_date(field)}
    return {
        name: _date_or_none(dates[name], value)
        if name in dates and isinstance(value, str)
        else value
        for name, value in initial.items()
    }


def _is_date(field: models.Field[Any, Any]) -> bool:
    return isinstance(field, models.DateField)


def _date_or_none(field: models.Field[Any, Any], text: str) -> Any:
    try:
        moment = field.to_python(text)
        if isinstance(moment, datetime) and timezone.is_aware(moment):
            timezone.localtime(moment)  # as the form shows it, which may lie beyond the calendar
    except (ValidationError, OverflowError):
        return None
    return moment
