"""The form field of an interval: a number and a unit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

UNITS = (
    (1, _("seconds")),
    (60, _("minutes")),
    (3_600, _("hours")),
    (86_400, _("days")),
    (604_800, _("weeks")),
)
"""Seconds of each unit, and its name."""

MINUTE = 60


def in_units(seconds: int) -> tuple[int, int]:
    """How many of the largest unit that an interval is a multiple of, and the unit's seconds."""
    unit = max((unit for unit, _name in UNITS if seconds % unit == 0), default=1)
    return seconds // unit, unit


class IntervalInput(forms.MultiWidget):
    """A number, and a list of units beside it."""

    template_name = "admin/countjobs/definitions/interval_input.html"
    use_fieldset = False

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        number = forms.NumberInput({"min": 1, "class": "countjobs-number"})
        super().__init__([number, forms.Select(choices=UNITS)], attrs)

    def decompress(self, value: Any) -> list[Any]:
        """Seconds as a number and a unit. Text, from a URL, may be anything."""
        try:
            seconds = int(value)
        except (TypeError, ValueError, OverflowError):
            return [value, 1] if value else [None, MINUTE]
        return list(in_units(seconds)) if seconds > 0 else [seconds, 1]

    def id_for_label(self, id_: str) -> str:
        """The number's."""
        return f"{id_}_0" if id_ else id_

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As Django's; the unit has a label."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["subwidgets"][1]["attrs"]["aria-label"] = str(_("unit"))
        return context


class IntervalFormField(forms.MultiValueField):
    """Seconds, as a whole number of some unit; so many at most, if that is given."""

    widget = IntervalInput

    def __init__(self, *, most: int | None = None, **kwargs: Any) -> None:
        self.most = most
        number = forms.IntegerField(min_value=1)
        unit = forms.TypedChoiceField(choices=UNITS, coerce=int, required=False)
        super().__init__(fields=(number, unit), require_all_fields=False, **kwargs)
        number.required = False

    def compress(self, data_list: list[Any]) -> int | None:
        """How many seconds; None if there is no number. Raises ValidationError."""
        number, unit = [*data_list, None, None][:2]
        if number is None:
            return None
        if not unit:
            raise ValidationError(_("Choose a unit."), code="unit")
        if self.most is not None and number > self.most // unit:
            raise ValidationError(
                _("Choose at most %(most)d %(unit)s."),
                code="most",
                params={"most": self.most // unit, "unit": dict(UNITS)[unit]},
            )
        return int(number) * int(unit)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """As Django's; but without a value, the unit that the input shows is no change."""
        widget: Any = self.widget
        shown = initial if isinstance(initial, list) else widget.decompress(initial)
        return bool(super().has_changed(shown, data))
