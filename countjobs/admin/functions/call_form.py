"""The form of a function job."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from countjobs.admin.definitions.form import DefinitionForm
from countjobs.functions.argument_inputs import ArgumentsFormField


class FunctionForm(DefinitionForm):
    """A form that shows the inputs of the function, and fills in the rules that it brings along.

    A script does both as soon as a function is chosen. Without it, saving the form does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        arguments = self.fields.get("arguments")
        if isinstance(arguments, ArgumentsFormField) and arguments.is_of_another:
            registered = arguments.registered
            if registered is not None and self.instance._state.adding:
                self._take_rules(dict(registered.rules))

    def _take_rules(self, rules: dict[str, Any]) -> None:
        data: Any = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict has it
        for name, value in rules.items():
            if name not in self.fields or name in self.changed_data:
                continue
            key = self.add_prefix(name)
            if value is None or value is False:
                data.pop(key, None)
            else:
                data[key] = "on" if value is True else str(value)
        with suppress(AttributeError):
            del self.changed_data  # it was cached
        self.data = data
