"""Inputs of the definitions' form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

from django.contrib.admin.widgets import (
    AdminRadioSelect,
    AdminSplitDateTime,
    AdminTextareaWidget,
    AdminTextInputWidget,
    BaseAdminDateWidget,
    BaseAdminTimeWidget,
)
from django.db import models
from django.forms import MultiWidget

from countjobs.forms import IntervalInput, KeyTextRows, MomentField
from countjobs.functions.argument_inputs import ArgumentsInput
from countjobs.functions.command_inputs import CommandArgumentsInput
from countjobs.models.commandjob import WordsField
from countjobs.models.fields import CronField, IntervalField, KeyTextField, OrderedJSONField
from countjobs.models.functionjob import ArgumentsField
from countjobs.triggers import zone_names


class CronInput(AdminTextInputWidget):
    """A short text."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {"class": "countjobs-cron", "size": 12, "spellcheck": "false"} | (attrs or {})
        )


class TimeInput(BaseAdminTimeWidget):
    """A time of day, with any microseconds, which Django leaves out."""

    def format_value(self, value: Any) -> str | None:
        """As Django's. ISO format is valid input in every language."""
        if isinstance(value, time) and value.microsecond:
            return value.isoformat()
        return super().format_value(value)


class MomentInput(AdminSplitDateTime):
    """A date and a time. Django's two inputs have no labels for screen readers."""

    label = ""
    """The field's label. Both inputs' labels begin with it."""
    supports_microseconds = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        # As Django's own does, which names its two widgets in there.
        MultiWidget.__init__(self, [BaseAdminDateWidget, TimeInput], attrs)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As Django's, with labels."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        for part, widget in zip(("date", "time"), context["widget"]["subwidgets"], strict=True):
            widget["attrs"]["aria-label"] = f"{self.label} {context[f'{part}_label']}"
        return context


class ZoneInput(AdminTextInputWidget):
    """A text with every time zone to choose from. What is typed is kept, even if it is invalid."""

    template_name = "admin/countjobs/definitions/choosing_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As Django's, with the list and its id."""
        context = super().get_context(name, value, attrs)
        context["list_id"] = f"{context['widget']['attrs'].get('id', name)}_choices"
        context["choices"] = self.choices()
        return context

    def choices(self) -> list[str]:
        """The time zones."""
        return sorted(zone_names())


class GroupInput(ZoneInput):
    """A text with the groups in use to choose from."""

    def __init__(
        self, groups: Callable[[], list[str]], attrs: dict[str, Any] | None = None
    ) -> None:
        super().__init__(attrs)
        self._groups = groups

    def choices(self) -> list[str]:
        """The groups."""
        return self._groups()


class ScheduleTypeInput(AdminRadioSelect):
    """Radio buttons that look like tabs. The style sheet shows the fields of the chosen one."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "countjobs-tabs"} | (attrs or {}))


class CrontabInput(AdminTextareaWidget):
    """A line, and the button that our script shows. It takes several lines: pasted text may have
    them.
    """

    template_name = "admin/countjobs/definitions/crontab_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        own = {"class": "countjobs-code", "rows": 1, "cols": 40, "spellcheck": "false"}
        super().__init__(own | (attrs or {}))


_SHORT_TEXT = {"rows": 3}
_CODE = {"rows": 8, "class": "vLargeTextField countjobs-code", "spellcheck": "false"}

INPUTS: dict[Any, dict[str, Any]] = {
    CronField: {"widget": CronInput},
    IntervalField: {"widget": IntervalInput},
    KeyTextField: {"widget": KeyTextRows},
    ArgumentsField: {"widget": ArgumentsInput},
    WordsField: {"widget": CommandArgumentsInput},
    OrderedJSONField: {"widget": AdminTextareaWidget(_CODE)},
    models.TextField: {"widget": AdminTextareaWidget(_SHORT_TEXT)},
    models.DateTimeField: {"form_class": MomentField, "widget": MomentInput},
}
"""By the type of the field, in place of Django's."""
