"""The name of a copy: no two definitions of a kind share one."""

from __future__ import annotations

import re
from itertools import chain, count

from django.utils.translation import gettext

from countjobs.models import JobDefinition

_ROOM = len(" ( 999999)")


def copy_name(definition: JobDefinition) -> str:
    """The first of "NAME (copy)", "NAME (copy 2)" … that is free; a long NAME is cut to fit."""
    word = gettext("copy")
    most = definition._meta.get_field("name").max_length or len(definition.name)
    stem = re.sub(rf" \({re.escape(word)}(?: \d{{1,6}})?\)$", "", definition.name)
    stem = stem[: most - len(word) - _ROOM].rstrip()
    rows = type(definition)._base_manager.filter(name__startswith=f"{stem} (")
    taken = set(rows.values_list("name", flat=True))
    names = chain([f"{stem} ({word})"], (f"{stem} ({word} {n})" for n in count(2)))
    return next(name for name in names if name not in taken)
