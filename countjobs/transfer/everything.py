"""Definitions of all kinds, for who has the machine: no form and no permission limits them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import rows_of
from countjobs.models import JobDefinition
from countjobs.models.kinds import concrete_definitions
from countjobs.transfer.format import fields_of, label_of
from countjobs.transfer.scope import Kind, Scope
from countjobs.transfer.written_files import Part, in_pieces

_UNKNOWN = _("There is no kind of definition “%(given)s” here.")


def kinds_by_label() -> dict[str, type[JobDefinition]]:
    """All kinds, in the order of a file."""
    return dict(sorted((label_of(model), model) for model in concrete_definitions()))


def scope_of_everything() -> Scope:
    """All fields that people may edit, of all definitions; and files of any length."""
    kinds = (Kind(model, fields_of(model), rows_of(model)) for model in kinds_by_label().values())
    return Scope.of(kinds, _UNKNOWN, is_bounded=False)


def parts_of(kinds: Mapping[str, type[JobDefinition]], group: str | None) -> Iterator[Part]:
    """For a file of these kinds; of a group, if one is given."""
    for model in kinds.values():
        definitions = rows_of(model)
        if group is not None:
            definitions = definitions.filter(group=group)
        yield in_pieces(definitions, fields_of(model))
