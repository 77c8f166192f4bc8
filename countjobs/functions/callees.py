"""What definitions call: functions and commands, by names that schedulers tell each other.

While a new release is rolled out, only some schedulers know a new function. The others leave its
definitions alone.
"""

from __future__ import annotations

from countjobs.conf import Conf
from countjobs.functions.registry import registry

_FUNCTION = "function"
_COMMAND = "command"


def function_callee(name: str) -> str:
    """The callee of a function's name."""
    return f"{_FUNCTION} {name}"


def command_callee(name: str) -> str:
    """The callee of a management command's name."""
    return f"{_COMMAND} {name}"


def is_known(callee: str) -> bool:
    """Whether this process can call it. Unlike `known_callees`, this makes no list of all."""
    what, _, name = callee.partition(" ")
    if what == _FUNCTION:
        return registry.find(name) is not None
    return what == _COMMAND and name in Conf.load().commands


def known_callees() -> list[str]:
    """All that this process can call."""
    names = {name for each in registry.functions for name in each.names}
    return sorted([*map(function_callee, names), *map(command_callee, Conf.load().commands)])
