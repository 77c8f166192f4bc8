"""What a docstring says of a function, and of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from countjobs.functions.docstrings import summary_of
from countjobs.functions.registry import Registered
from countjobs.functions.signatures import Parameter, parameters_of
from tests.support.registering import recording


def read(function: Callable[..., Any]) -> dict[str, Parameter]:
    return parameters_of(Registered("mail", function))


def google(days: int, to: str, cc: str | None = None, other: Annotated[int, "Mine."] = 1) -> None:
    """Send the mails.

    To everybody who waits.

    Args:
        days: How long ago,
            in days: at least one.
        to (str): Who gets it.

        cc: Who else.
        other: Not this.

    Returns:
        days: nothing.
    """


def sphinx(days: int, to: str, cc: str | None = None, other: int = 1) -> None:
    """Send the mails.

    To everybody who waits.

    :param days: How long ago,
        in days: at least one.
    :param str to: Who gets it.
    :param cc: Who else.
    :type cc: str
    :param other: Mine.
    :returns: days: nothing.
    """


@pytest.mark.parametrize("function", [google, sphinx])
def test_the_docstring_is_the_help(function: Callable[..., Any]) -> None:
    assert {name: each.help for name, each in read(function).items()} == {
        "days": "How long ago, in days: at least one.",
        "to": "Who gets it.",
        "cc": "Who else.",
        "other": "Mine.",
    }
    assert summary_of(function) == "Send the mails.\n\nTo everybody who waits."


def test_without_a_docstring_there_is_none() -> None:
    function, _calls = recording({"it": int})
    function.__doc__ = None
    assert read(function)["it"].help == summary_of(function) == ""
