"""Form fields that depend on the rest of their form."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from django import forms


@runtime_checkable
class Settling(Protocol):
    """A field that has to look at its form before it is shown or read."""

    def settle(self, form: forms.BaseForm, name: str) -> None:
        """Look at the form. `name` is the field's own name in it."""
