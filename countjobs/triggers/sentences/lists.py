"""Several things in words: "Monday to Friday", "1–7 and 15", "0, 5, …, 55"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from countjobs.triggers.sentences.matches import step_of

_RUN = 3
_MANY = 5


def both(words: Sequence[str]) -> str:
    """A list of words: "a, b and c"."""
    if len(words) == 1:
        return words[0]
    most = pgettext("between the words of a list", ", ").join(words[:-1])
    return _("%(most)s and %(last)s") % {"most": most, "last": words[-1]}


def runs(values: list[int]) -> list[list[int]]:
    """The values in groups of neighbours, such as [1, 2, 3] and [7]."""
    found: list[list[int]] = []
    for value in values:
        if found and found[-1][-1] + 1 == value:
            found[-1].append(value)
        else:
            found.append([value])
    return found


def has_run(values: list[int]) -> bool:
    """Whether there are enough neighbours to name them as a range."""
    return any(len(run) >= _RUN for run in runs(values))


def ranges(values: list[int]) -> list[list[int]]:
    """The groups of neighbours; those too short for a range as single values."""
    found: list[list[int]] = []
    for run in runs(values):
        found.extend([run] if len(run) >= _RUN else [[value] for value in run])
    return found


def names(values: list[int], name: Callable[[int], str]) -> str:
    """Values that have names: "January and March to June"."""
    return both([_name(each, name) for each in ranges(values)])


def _name(values: list[int], name: Callable[[int], str]) -> str:
    if len(values) == 1:
        return name(values[0])
    return _("%(first)s to %(last)s") % {"first": name(values[0]), "last": name(values[-1])}


def is_series(values: list[int]) -> bool:
    """Whether the first two and the last are enough, and shorter."""
    return len(values) >= _MANY and (step_of(values) or 1) > 1


def numbers(values: list[int]) -> str:
    """Numbers, as short as possible without being ambiguous."""
    if is_series(values):
        return _("%(first)d, %(second)d, …, %(last)d") % {
            "first": values[0],
            "second": values[1],
            "last": values[-1],
        }
    return both([_number(each) for each in ranges(values)])


def _number(values: list[int]) -> str:
    if len(values) == 1:
        return str(values[0])
    return _("%(first)d–%(last)d") % {"first": values[0], "last": values[-1]}
