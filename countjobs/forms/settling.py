"""Form fields that depend on the rest of their form."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from django import forms


@runtime_checkable
class Settling(Protocol):
    """A field that has to look at its form before it is shown or read."""

    def settle(self, form: forms.BaseForm, name: str) -> None:
        """Look at the form. `name` is the field's own name in it."""


def value_beside(form: forms.BaseForm, name: str) -> Any:
    """What another field of the form holds: what was posted, else what it is filled in with.

    If the form lacks the field, it is what is stored.
    """
    stored = getattr(getattr(form, "instance", None), name, "")
    if name not in form.fields:
        return stored
    if form.is_bound:
        return form.data.get(form.add_prefix(name), "")
    return form.initial.get(name) or stored
