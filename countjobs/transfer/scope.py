"""What somebody may transfer: which kinds; and of each, which fields and which definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from countjobs.models import JobDefinition
from countjobs.text import shown
from countjobs.transfer.format import Fields, label_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

May: TypeAlias = "Callable[[Any], bool]"


def _anybody(definition: Any) -> bool:
    return True


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of definition, as far as somebody may transfer it."""

    model: type[JobDefinition]
    fields: Fields
    """Those that a file carries."""
    visible: QuerySet[Any]
    """The definitions that may be compared with a file."""
    may_change: May = _anybody
    may_use: May = _anybody
    """Whether a definition may call what it calls."""

    @property
    def label(self) -> str:
        """What an entry's “model” is."""
        return label_of(self.model)


@dataclass(frozen=True, eq=False)
class Scope:
    """The kinds that a file may be about."""

    kinds: Mapping[str, Kind]
    """By label, in the order of the labels."""
    other: _StrPromise | str
    """Why an entry of another kind is refused. It may name what is `given`, and `expected`."""
    is_bounded: bool = True
    """Whether a file may have only so many entries, and take only so long."""

    @classmethod
    def of(
        cls, kinds: Iterable[Kind], other: _StrPromise | str, *, is_bounded: bool = True
    ) -> Scope:
        """The scope of these kinds. Of two for the same table, the first is taken."""
        by_label: dict[str, Kind] = {}
        for kind in kinds:
            by_label.setdefault(kind.label, kind)
        return cls(dict(sorted(by_label.items())), other, is_bounded)

    def kind_of(self, given: Any) -> Kind:
        """The kind that an entry's “model” names. Raises ValidationError."""
        kind = self.kinds.get(given) if isinstance(given, str) else None
        if kind is None:
            params = {"given": shown(given), "expected": ", ".join(self.kinds)}
            raise ValidationError(self.other, code="model", params=params)
        return kind
