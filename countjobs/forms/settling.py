"""Form fields that depend on the rest of their form."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from django import forms


@runtime_checkable
class Settling(Protocol):
    """A field that has to look at its form before it is shown or read."""

    def settle(self, form: forms.BaseForm, name: str) -> None:
        """Look at the form. `name` is the field's own name in it."""


def stored_beside(form: forms.BaseForm, name: str) -> Any:
    """What is stored in another field of what the form edits; "" if there is nothing."""
    return getattr(getattr(form, "instance", None), name, "")


def value_beside(form: forms.BaseForm, name: str) -> Any:
    """What another field of the form holds: what was posted, else what it is filled in with.

    If the form lacks the field, it is what is stored.
    """
    if name not in form.fields:
        return stored_beside(form, name)
    if form.is_bound:
        return form.data.get(form.add_prefix(name), "")
    return form.initial.get(name) or stored_beside(form, name)
