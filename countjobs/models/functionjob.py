"""Definitions that call a function which `@job` has registered, or a Django task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.database.unqueried import unqueried
from countjobs.functions.argument_inputs import ArgumentsFormField
from countjobs.functions.callees import function_callee
from countjobs.functions.calls import (
    find_function,
    in_words,
    read_arguments,
    resolved,
    validate_size,
    write_arguments,
)
from countjobs.functions.registry import registry
from countjobs.functions.signatures import has_validators
from countjobs.functions.tasks import enqueue
from countjobs.models.definitions import JobDefinition
from countjobs.models.fields import OrderedJSONField
from countjobs.models.validity import check_all


class ArgumentsField(OrderedJSONField):
    """The arguments of a function, as an object. The admin shows an input for each."""

    default_validators = [validate_size]

    def formfield(self, **kwargs: Any) -> Any:
        """A form field of inputs."""
        return super().formfield(**{"form_class": ArgumentsFormField, **kwargs})


class FunctionJob(JobDefinition):
    """Calls a function that `@job` has registered, with arguments that fit its signature."""

    function = models.CharField(
        _("function"), max_length=200, help_text=_("Functions of this site that may be scheduled.")
    )
    arguments = ArgumentsField(_("arguments"), default=dict, blank=True)

    run_overrides = ("arguments",)

    _checked: dict[str, Any] | None = None
    """The arguments' values, if the claim of the run that it is for has read them. Copies lack
    them: a value may be anything that a function takes, and so what can't be pickled.
    """

    class Meta(JobDefinition.Meta):
        verbose_name = _("function job")
        verbose_name_plural = _("function jobs")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        state.pop("_checked", None)
        return state

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        /,
        *,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Self:
        """A definition of a registered function. It isn't saved yet.

        Args:
            function: A function, or a Django task, that `@job` has registered.
            name: The definition's name.
            arguments: Python values, by the names of the parameters.
            fields: Other fields of the definition, in place of what `@job` has set.

        Raises TypeError if the function isn't registered, and ValidationError if the arguments
        don't fit.
        """
        registered = registry.of(function)
        if registered is None:
            raise TypeError(f"{function!r} isn't registered: decorate it with @job.")
        stored = write_arguments(registered, arguments or {})
        values = {**registered.rules, **fields}
        return cls(name=name, function=registered.name, arguments=stored, **values)

    @property
    def callee(self) -> str:  # type: ignore[override]  # where the base class has a constant
        """What it calls."""
        return function_callee(self.function)

    @property
    def permission_needed(self) -> str:  # type: ignore[override]  # where the base has a constant
        """What people need to schedule its function."""
        registered = registry.find(self.function)
        return registered.permission if registered else ""

    def call_in_words(self) -> str:
        """The function with its arguments, as a list shows it."""
        return in_words(self.function, self.arguments)

    def own_checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Checks of the function and its arguments."""
        yield from super().own_checks()
        yield "function", self._check_function
        yield "arguments", self._check_arguments

    def _check_function(self) -> None:
        self.function = find_function(self.function).name  # an alias becomes the name

    def _check_arguments(self) -> None:
        if (registered := registry.find(self.function)) is not None:
            read_arguments(registered, self.arguments)

    def validate_run(self) -> None:
        """Check that the function is there and takes the arguments. Raises ValidationError."""
        registered = registry.find(self.function)
        has_any_code = registered is not None and has_validators(registered)
        with unqueried() if has_any_code else nullcontext():
            try:
                self._checked = read_arguments(find_function(self.function), self.arguments)
            except ValidationError:  # once more, to say what is wrong by field
                is_there = partial(find_function, self.function)
                check_all([("function", is_there), ("arguments", self._check_arguments)])

    def run(self) -> Any:
        """Call the function, or enqueue the task."""
        try:
            registered = find_function(self.function)
            checked, self._checked = self._checked, None  # the function may change its lists
            if checked is None:
                checked = read_arguments(registered, self.arguments)
            values = resolved(registered, checked)
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from None
        if registered.is_task:
            return enqueue(registered.target, values)
        return registered.target(**values)
