"""Definitions that run a management command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.functions.callees import command_callee
from countjobs.functions.command_inputs import CommandArgumentsField
from countjobs.functions.commands import find_command, validate_words, words_of
from countjobs.models.definitions import JobDefinition
from countjobs.models.validity import check_all


class WordsField(models.CharField):  # type: ignore[type-arg]  # generic for mypy only
    """The arguments of a command. The admin shows the command's help beside them."""

    def formfield(self, **kwargs: Any) -> Any:
        """A text, with the help."""
        return super().formfield(**{"form_class": CommandArgumentsField, **kwargs})


class CommandJob(JobDefinition):
    """Runs a management command that the setting `COMMANDS` allows."""

    command = models.CharField(
        _("command"),
        max_length=100,
        help_text=_("The setting COMMANDS says which commands may be scheduled."),
    )
    arguments = WordsField(_("arguments"), max_length=2_000, blank=True)

    run_overrides = ("arguments",)

    class Meta(JobDefinition.Meta):
        verbose_name = _("command job")
        verbose_name_plural = _("command jobs")

    @property
    def callee(self) -> str:  # type: ignore[override]  # where the base class has a constant
        """What it calls."""
        return command_callee(self.command)

    def call_in_words(self) -> str:
        """The command line, as a list shows it."""
        return f"{self.command} {self.arguments}".strip()

    def own_checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Checks of the command and its arguments."""
        yield from super().own_checks()
        yield "command", self._check_command
        yield "arguments", self._check_arguments

    def _check_command(self) -> None:
        find_command(self.command)

    def _check_arguments(self) -> None:
        words = words_of(self.arguments)
        try:
            find_command(self.command)
        except ValidationError:
            return  # its own field says so
        validate_words(self.command, words)

    def validate_run(self) -> None:
        """Check that the command is allowed. Raises ValidationError.

        It reads its arguments when it runs: to make its parser takes a millisecond, and more.
        """
        can_be_split = partial(words_of, self.arguments)
        check_all([("command", self._check_command), ("arguments", can_be_split)])

    def run(self) -> None:
        """Run the command. What it writes is the run's output; a CommandError is a failure."""
        try:
            command, words = find_command(self.command), words_of(self.arguments)
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from None
        try:
            call_command(command, *words)
        except SystemExit as ended:
            if ended.code not in {None, 0}:  # 0 is success, as on the command line
                raise
