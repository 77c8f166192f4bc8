"""The form field of a command's arguments: a command line, with the command's help."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from countjobs.forms.settling import value_beside
from countjobs.functions import commands
from countjobs.functions.argument_inputs import scripts

COMMAND = "command"
"""The field beside the arguments of a command that names it."""


class CommandArgumentsInput(forms.TextInput):
    """A command line without the command, and the command's help."""

    template_name = "admin/countjobs/functions/command_arguments.html"
    command = ""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        own = {"class": "vLargeTextField countjobs-code", "spellcheck": "false"}
        super().__init__(own | (attrs or {}))

    @property
    def media(self) -> forms.Media:
        """What shows the help of another command when it is chosen."""
        return scripts("post", "arguments")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As Django's, with the help."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        with suppress(ValidationError):
            context["help"] = commands.help_of(self.command) if self.command else ""
        return context


class CommandArgumentsField(forms.CharField):
    """The arguments of the command that another field of the form names."""

    widget = CommandArgumentsInput

    def settle(self, form: forms.BaseForm, name: str) -> None:
        """Find out which command is chosen."""
        self.widget.command = value_beside(form, COMMAND)  # it is ours
