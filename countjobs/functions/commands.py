"""The management commands that may be scheduled, and their arguments.

Only names in the setting `COMMANDS` are ever loaded: what a definition stores is compared with
those, and never imported by itself.
"""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, FileType, _SubParsersAction
from functools import cache
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError, get_commands, load_command_class
from django.core.management.base import CommandParser
from django.utils.translation import gettext_lazy as _

from countjobs.conf import Conf
from countjobs.text import describe, shown, validate_text

_FIRST_WORDS = "manage.py"
_ENDING = ("-h", "--help", "--version")
_OF_MANAGE = ("settings", "pythonpath")
"""Options that only `manage.py` itself reads, before it loads a command."""


def find_command(name: str) -> BaseCommand:
    """The allowed command with this name. Raises ValidationError."""
    allowed = next((each for each in Conf.load().commands if each == name), None)
    if allowed is None:
        raise ValidationError(
            _('The command “%(name)s” is not among COUNTJOBS["COMMANDS"].'),
            code="command",
            params={"name": shown(name)},
        )
    try:
        return load_command(allowed)
    except (Exception, SystemExit) as error:  # its module is any code
        raise ValidationError(
            _("The command “%(name)s” can't be loaded: %(reason)s"),
            code="command",
            params={"name": allowed, "reason": _reason(error)},
        ) from error


def load_command(name: str) -> BaseCommand:
    """A command by its name. Raises CommandError if there is none, and what loading it raises."""
    app = get_commands().get(name)
    if app is None:
        raise CommandError(f"There is no command “{name}”.")
    return app if isinstance(app, BaseCommand) else load_command_class(app, name)


def words_of(arguments: object) -> list[str]:
    """The words of a command line, as a shell would split it. Raises ValidationError."""
    if not isinstance(arguments, str):  # a run may be given anything
        raise ValidationError(_("The arguments must be a text."), code="type")
    validate_text(arguments)
    try:
        return shlex.split(arguments)
    except ValueError as error:
        raise ValidationError(
            _("This can't be split into words: %(reason)s."),
            code="words",
            params={"reason": str(error)},
        ) from error


def _parser_of(name: str, command: BaseCommand) -> CommandParser:
    """A command's own parser, which raises instead of ending the process."""
    parser = command.create_parser(_FIRST_WORDS, name)
    for ending in ("exit", "print_help"):
        setattr(parser, ending, _refuse)
    parser.called_from_command_line = False
    _leave_files_alone(parser)
    return parser


def _refuse(*args: Any) -> NoReturn:
    raise CommandError("This ends the command before it does anything.")


def _leave_files_alone(parser: ArgumentParser) -> None:
    """Files are opened, and emptied, by the run; not by whoever looks at its arguments."""
    for action in parser._actions:
        if isinstance(action.type, FileType):
            action.type = None
        if isinstance(action, _SubParsersAction):
            for each in action.choices.values():
                _leave_files_alone(each)


def validate_words(name: str, words: list[str]) -> None:
    """Check the arguments of a command with its own parser. Raises ValidationError."""
    command = find_command(name)
    for word in words:
        if word in _ENDING:
            raise _out_of_place(word)
    try:
        parsed = _parser_of(name, command).parse_args(words)
    except (Exception, SystemExit) as error:  # types of arguments are any code
        message = _("The command refuses this: %(reason)s")
        raise ValidationError(message, code="words", params={"reason": _reason(error)}) from error
    for option in _OF_MANAGE:
        if getattr(parsed, option, None):
            raise _out_of_place(f"--{option}")


def _reason(error: BaseException) -> str:
    """What went wrong. A CommandError says it in words that are meant for people."""
    if isinstance(error, CommandError):
        return str(error).removeprefix("Error: ")
    return describe(error)


def _out_of_place(word: str) -> ValidationError:
    message = _("The option %(word)s has no place in a job.")
    return ValidationError(message, code="option", params={"word": word})


@cache
def help_of(name: str) -> str:
    """What `manage.py NAME --help` prints, 80 columns wide. Raises ValidationError."""
    command = find_command(name)
    try:
        return _parser_of(name, command).format_help()
    except Exception as error:  # a parser is any code
        return describe(error)
