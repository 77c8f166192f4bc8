"""The commands' options. Each has the bounds of the setting that is its default."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

from countjobs.conf import Conf
from countjobs.endpoints.ports import Address, read_address


def whole(setting: str) -> Callable[[str], int]:
    """Reads a whole number within the bounds of a setting, such as `threads`."""
    least, most = Conf.bounds(setting)

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"must be a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return read


def seconds(setting: str) -> Callable[[str], float]:
    """Reads seconds, with fractions, within the bounds of a setting."""
    least, most = Conf.bounds(setting)

    def read(text: str) -> float:
        try:
            given = float(text)
        except ValueError:
            given = float("nan")
        if not least <= given <= most:
            raise ArgumentTypeError(
                f"must be a number of seconds from {least} to {most}, not {text!r}"
            )
        return given

    return read


def address(text: str) -> Address:
    """Reads an address to listen on."""
    try:
        return read_address(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
