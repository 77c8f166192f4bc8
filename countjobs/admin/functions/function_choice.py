"""The choice of a function, or of a command: of those that are here, and that the user may use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.apps import apps
from django.core.management import get_commands
from django.utils.translation import gettext as _

from countjobs.admin.guarded import has_needed
from countjobs.conf import Conf
from countjobs.functions.registry import Registered, registry

Choices = list[tuple[str, Any]]


class CallChoice(forms.ChoiceField):
    """A list to choose from. A name that isn't in it is shown, but can't be saved."""

    def settle(self, form: forms.BaseForm, name: str) -> None:
        """Show the present name, whatever it is."""
        now = self.prepare_value(form.initial.get(name))
        if now and not self.valid_value(now):
            self.widget.choices = [*self.widget.choices, (now, _("%s (can't be chosen)") % now)]

    def validate(self, value: Any) -> None:
        """As Django's, in other words. Raises ValidationError."""
        forms.Field.validate(self, value)
        if value and not self.valid_value(value):
            message = _("“%(value)s” can't be chosen: it isn't here, or you may not use it.")
            raise forms.ValidationError(message, code="invalid_choice", params={"value": value})


class FunctionChoice(CallChoice):
    """A list of functions. A former name is shown as the present one, and saved as that."""

    def prepare_value(self, value: Any) -> Any:
        """The present name, if the user may choose it."""
        found = registry.find(value)
        return found.name if found is not None and self.valid_value(found.name) else value


def functions_for(user: Any) -> Choices:
    """The functions that a user may choose, under the headings of their groups."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in sorted(_allowed(user), key=lambda each: (_heading(each), each.name)):
        groups.setdefault(_heading(each), []).append((each.name, each.name))
    return [("", "---------"), *groups.items()]


def commands_here() -> Choices:
    """The commands that the settings allow, and that there are."""
    names = [name for name in dict.fromkeys(Conf.load().commands) if name in get_commands()]
    return [("", "---------"), *((name, name) for name in names)]


def may_choose(user: Any, registered: Registered) -> bool:
    """Whether a user may schedule a function."""
    return has_needed(user, registered.permission)


def _allowed(user: Any) -> Iterable[Registered]:
    for each in registry.functions:
        if registry.find(each.name) is each and may_choose(user, each):
            yield each


def _heading(registered: Registered) -> str:
    if registered.group:
        return registered.group
    app = apps.get_containing_app_config(registered.function.__module__)
    return str(app.verbose_name) if app else registered.function.__module__
