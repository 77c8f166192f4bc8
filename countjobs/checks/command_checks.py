"""Checks of the setting `COMMANDS`: whether these commands can be loaded, and be jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.management import CommandError

from countjobs.conf import Conf
from countjobs.functions.commands import load_command
from countjobs.text import describe

NOT_FOR_JOBS = frozenset(
    {"runscheduler", "quickstart", "runserver", "testserver", "shell", "dbshell"}
)
"""Commands that go on until they are stopped, or wait for what somebody types."""


@register("countjobs")
def check_commands(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check the commands that the settings name. The defaults may be missing."""
    given = getattr(settings, "COUNTJOBS", {})
    if not Conf.is_sound() or "COMMANDS" not in given:
        return []
    return [message for name in dict.fromkeys(given["COMMANDS"]) for message in _of_command(name)]


def _of_command(name: str) -> Iterator[CheckMessage]:
    if name in NOT_FOR_JOBS:
        yield Error(
            f"COUNTJOBS['COMMANDS']: “{name}” has no place in a job, because it doesn't end by"
            " itself.",
            hint="Remove it from COMMANDS.",
            id="countjobs.E041",
        )
        return
    try:
        load_command(name)
    except CommandError as error:
        wrong = str(error)
        hint = "Correct the name, or add the command's app to INSTALLED_APPS."
    except (Exception, SystemExit) as error:  # its module is any code
        wrong = f"The command “{name}” can't be loaded: {describe(error)}"
        hint = "Mend the command, or remove it from COMMANDS."
    else:
        return
    yield Error(f"COUNTJOBS['COMMANDS']: {wrong}", hint=hint, id="countjobs.E040")
