"""What definitions call: functions and commands, by names that schedulers tell each other.

While a new release is rolled out, only some schedulers know a new function. The others leave its
definitions alone.
"""

from __future__ import annotations

from countjobs.conf import Conf
from countjobs.functions.registry import registry


def function_callee(name: str) -> str:
    """The callee of a function's name."""
    return f"function {name}"


def command_callee(name: str) -> str:
    """The callee of a management command's name."""
    return f"command {name}"


def known_callees() -> list[str]:
    """All that this process can call."""
    names = {name for each in registry.functions for name in (each.name, *each.aliases)}
    return sorted([*map(function_callee, names), *map(command_callee, Conf.load().commands)])
