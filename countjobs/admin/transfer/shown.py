"""How the dry run's page shows a plan: escaped, bounded, and with invisible characters shown."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from countjobs.admin.display import badge
from countjobs.text import visible_text
from countjobs.transfer.dry_run import Plan
from countjobs.transfer.entries import Change, Entry, State
from countjobs.transfer.told import cut, cut_change

MOST_LISTED = 200
"""Entries that are listed for each state. The others are only counted."""

WORDS = {
    State.REFUSED: ("✗", _("refused")),
    State.CHANGED: ("≠", _("changed")),
    State.ADDED: ("+", _("added")),
    State.UNCHANGED: ("=", _("unchanged")),
}


@dataclass(frozen=True)
class Row:
    """A row of the table: a field with its two values, or with what is wrong with it."""

    field: str = ""
    old: str = ""
    new: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Listed:
    """An entry as the page shows it, in one row or more."""

    number: int
    kind: str
    name: str
    rows: list[Row]


@dataclass(frozen=True)
class Group:
    """The entries with a state."""

    state: State
    count: int
    listed: list[Listed]

    @property
    def badge(self) -> SafeString:
        """The state."""
        icon, word = WORDS[self.state]
        return badge(self.state, icon, word)

    @property
    def is_refused(self) -> bool:
        """Whether its rows show reasons."""
        return self.state is State.REFUSED

    @property
    def is_added(self) -> bool:
        """Whether its rows show differences from a field's default."""
        return self.state is State.ADDED

    @property
    def is_unchanged(self) -> bool:
        """Whether its rows have nothing to show."""
        return self.state is State.UNCHANGED

    @property
    def more(self) -> int:
        """How many are not listed."""
        return self.count - len(self.listed)


def groups_of(plan: Plan) -> list[Group]:
    """The plan by state, in the order of importance."""
    groups = ((state, plan.having(state)) for state in State)
    return [
        Group(state, len(entries), [*map(_listed, entries[:MOST_LISTED])])
        for state, entries in groups
        if entries
    ]


def _listed(entry: Entry) -> Listed:
    rows = [_difference(change) for change in entry.changes]
    rows += [Row(name, reason=visible_text(cut(reason))) for name, reason in entry.problems]
    return Listed(entry.number, _kind(entry), visible_text(cut(entry.name)), rows or [Row()])


def _kind(entry: Entry) -> str:
    """In words, if there is such a kind."""
    return capfirst(str(entry.kind.model._meta.verbose_name)) if entry.kind else entry.label


def _difference(change: Change) -> Row:
    return Row(change.field, *cut_change(change))
