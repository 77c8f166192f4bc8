"""From a file's text to its entries: the file is JSON, of this format, and within its limits."""

from __future__ import annotations

import json
import re
from collections import Counter
from math import isinf
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs.forms import MOST_LEVELS, OrderedJSONFormField, is_too_deep
from countjobs.text import shown
from countjobs.transfer.format import FORMAT, VERSION

MOST_BYTES = 10 * 1024 * 1024
MOST_ENTRIES = 5_000
"""Saving so many takes some seconds, in one transaction."""

MOST_VALUES = 500_000
"""All values of a file: 5,000 entries of 25 fields have 125,000. Each costs time and memory."""

_TEXTS = re.compile(r'(?:"(?:[^"\\]++|\\.?)*+"?)++', re.DOTALL)
"""Strings in JSON. A match also consumes a string that never ends, so no quotation mark is looked
at twice."""

_KEYS = {"format", "version", "definitions"}
_AROUND = 3
"""Levels of nesting around the value of a field."""

_MESSAGES = {
    **OrderedJSONFormField.default_error_messages,
    "doubled": _("The key “%(key)s” occurs more than once in “%(name)s”."),
    "number": _("%(number)s is not a number in JSON."),
    "encoding": _("This is not text in UTF-8."),
    "format": _("This is not a file of exported definitions: its “format” is not “%(format)s”."),
    "version": _("The file's “version” must be a whole number of at least 1."),
    "newer": _("The file has version %(version)s. This site reads versions up to %(most)d."),
    "unknown": _("The file has an unknown key: “%(key)s”."),
    "list": _("The file has no list of “definitions”."),
    "many": _("The file has %(count)d entries; at most %(most)d are allowed. Split it."),
    "long": _("The file is too large for the confirmation step. Split it."),
    "values": _("The file has more than %(most)d values. Split it."),
    "bytes": _("The file is larger than %(most)d megabytes. Split it."),
}


def refusal(code: str, **params: Any) -> ValidationError:
    """The error for a file that is refused as a whole."""
    return ValidationError(_MESSAGES[code], code=code, params=params)


def decode(content: bytes) -> str:
    """The text of a file. Raises ValidationError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal("encoding") from error


def read_entries(text: str, *, is_bounded: bool = True) -> list[Any]:
    """The entries of a file. Each may be anything. Raises ValidationError.

    A file that isn't bounded may have any number of entries.
    """
    if is_bounded and _values_at_most(text) > MOST_VALUES:
        raise refusal("values", most=MOST_VALUES)
    document = _parse(text)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise refusal("format", format=FORMAT)
    _check_version(document.get("version"))
    if unknown := sorted(document.keys() - _KEYS):
        raise refusal("unknown", key=shown(unknown[0]))
    entries = document.get("definitions")
    if not isinstance(entries, list):
        raise refusal("list")
    if is_bounded and len(entries) > MOST_ENTRIES:
        raise refusal("many", count=len(entries), most=MOST_ENTRIES)
    return entries


def _check_version(version: Any) -> None:
    if type(version) is not int or version < 1:  # true is an int, too
        raise refusal("version")
    if version > VERSION:
        raise refusal("newer", version=shown(version), most=VERSION)


def _parse(text: str) -> Any:
    try:
        document = json.loads(
            text, object_pairs_hook=_object, parse_float=_float, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        raise refusal("syntax", reason=error.msg, **where) from error
    except RecursionError as error:
        raise refusal("depth") from error
    except ValueError as error:  # a number of thousands of digits
        raise refusal("invalid", reason=shown(error)) from error
    if is_too_deep(document, MOST_LEVELS + _AROUND):
        raise refusal("depth")
    return document


def _values_at_most(text: str) -> int:
    """An upper bound for the number of values in a text, found before parsing takes memory.

    A comma, or the start of a list or an object, precedes each value but the first.
    """
    bare = _TEXTS.sub("", text)
    return sum(bare.count(sign) for sign in ",[{") + 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((doubled, _count),) = Counter(key for key, _value in pairs).most_common(1)
        raise refusal("doubled", key=shown(doubled), name=shown(found.get("name", "")))
    return found


def _float(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise refusal("number", number=shown(text))
    return number


def _constant(text: str) -> Any:
    raise refusal("number", number=text)
