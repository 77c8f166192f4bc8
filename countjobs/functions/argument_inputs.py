"""The form field of a function's arguments: an input for each of its parameters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from countjobs.forms import OrderedJSONFormField, Settling
from countjobs.forms.settling import stored_beside, value_beside
from countjobs.functions.calls import read_arguments, validate_size
from countjobs.functions.docstrings import summary_of
from countjobs.functions.parameter_types import KeyedTexts, Texts
from countjobs.functions.registry import Registered, registry
from countjobs.functions.signatures import Parameter, usable_parameters
from countjobs.functions.value_types import bare, json_of

FUNCTION = "function"
"""The field beside it that names the function."""

MakeField = Callable[[Registered, Parameter], forms.Field]


class ArgumentsForm(forms.Form):
    """The inputs of one function's parameters."""

    use_required_attribute = False

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        fields: Mapping[str, forms.Field],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.parameters = parameters
        self.written: dict[str, Any] = {}
        """The JSON of what was typed, once it is found valid."""
        self.fields.update(fields)
        for name, field in self.fields.items():
            if isinstance(field, Settling):
                field.settle(self, name)

    def add_prefix(self, field_name: str) -> str:
        """As Django's. Some inputs send several values, with names that begin with their own:
        another parameter may be called so.
        """
        name = super().add_prefix(field_name)
        is_mistakable = any(other.startswith(f"{field_name}_") for other in self.fields)
        return f"{name}-" if is_mistakable else name

    def clean(self) -> dict[str, Any]:
        """Write the values as JSON. What doesn't fit is shown at its input."""
        for name, value in [*self.cleaned_data.items()]:
            parameter = self.parameters[name]
            shown = self.get_initial_for_field(self.fields[name], name)
            try:
                self.written[name] = parameter.write(parameter.typed(value, shown))
            except ValidationError as error:
                self.add_error(name, error)
        return self.cleaned_data


def _plain_field(registered: Registered, parameter: Parameter) -> forms.Field:
    return parameter.field()


def scripts(*names: str) -> forms.Media:
    """Scripts of ours that an input needs."""
    paths: Any = [forms.Script(f"countjobs/{name}.js", type="module") for name in names]
    return forms.Media(js=paths)


class ArgumentsInput(forms.Widget):
    """Inputs for the parameters of the function that is chosen. Without one, a note.

    The arguments of a function that is gone are shown as JSON.
    """

    template_name = "admin/countjobs/functions/arguments.html"
    use_fieldset = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.registered: Registered | None = None
        self.make_field: MakeField = _plain_field
        self.stored: Mapping[str, Any] = {}
        """What the inputs are filled with, where nothing was posted."""

    @property
    def media(self) -> forms.Media:
        """What any of the inputs may need: they come and go with the function."""
        from django.contrib.admin.widgets import AutocompleteSelect  # noqa: PLC0415  # not for all

        search = AutocompleteSelect(None, None)  # type: ignore[arg-type]  # its media needs neither
        return scripts("post", "rows", "arguments") + search.media

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The form with what was posted; or the JSON that was posted instead."""
        if name in data or self.registered is None:
            return data.get(name)
        return self.form_of(name, data)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether nothing of it was posted."""
        return not any(key == name or key.startswith(f"{name}-") for key in data)

    def form_of(self, name: str, data: Any = None) -> ArgumentsForm:
        """The inputs. Without data, they are filled in from what is stored."""
        fields: dict[str, forms.Field] = {}
        initial: dict[str, Any] = {}
        registered: Any = self.registered
        parameters = usable_parameters(self.registered)
        for key, parameter in parameters.items():
            fields[key] = self.make_field(registered, parameter)
            if key in self.stored:
                initial[key] = _value(parameter, self.stored[key])
        return ArgumentsForm(parameters, fields, data, prefix=name, initial=initial)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As Django's, with the inputs."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["form"] = context["json"] = None
        context["marker"] = marker_of(name)
        if isinstance(value, (str, InvalidJSONInput)) and value:
            context["json"] = value
        elif self.registered is not None:
            form = value if isinstance(value, ArgumentsForm) else self.form_of(name)
            context["form"] = form
            context["registered"] = self.registered
            context["summary"] = summary_of(self.registered.function)
            context["rules"] = json.dumps(dict(self.registered.rules), default=str)
            context["unknown"] = self._unknown()
        return context

    def _unknown(self) -> str:
        parameters = usable_parameters(self.registered)
        return ", ".join(name for name in self.stored if name not in parameters)

    def format_value(self, value: Any) -> Any:
        """The value, unchanged."""
        return value

    def use_required_attribute(self, initial: Any) -> bool:
        """Each input says it for itself."""
        return False


def _may_be_shown(form: forms.BaseForm, chosen: Any) -> bool:
    """Whether a function can be chosen in the form, or is stored: those of others aren't told."""
    choice = form.fields.get(FUNCTION)
    is_stored = chosen == stored_beside(form, FUNCTION)
    if is_stored or not isinstance(choice, forms.ChoiceField):
        return True
    return choice.valid_value(choice.prepare_value(chosen))


def marker_of(name: str) -> str:
    """The name of the hidden input that says for which function the inputs were shown."""
    return f"{name}--of"  # no parameter's input is called so


def _value(parameter: Parameter, stored: Any) -> Any:
    """What an input is filled with. A value that doesn't fit is shown as it is, in text."""
    try:
        return parameter.read(stored)
    except ValidationError:
        has_rows = isinstance(parameter.type, (Texts, KeyedTexts))  # they show any JSON
        return stored if has_rows else bare(stored)


class ArgumentsFormField(OrderedJSONFormField):
    """The arguments of the function that another field of the form names.

    If the function has been changed since the inputs were shown, they are shown anew.
    """

    widget = ArgumentsInput
    default_error_messages = {
        "changed": _("Fill in the arguments of this function, then save again."),
    }

    @property
    def _inputs(self) -> ArgumentsInput:
        return self.widget  # type: ignore[return-value]  # it is ours

    def settle(self, form: forms.BaseForm, name: str) -> None:
        """Find out which function is chosen, what is stored, and whose inputs were shown."""
        chosen = value_beside(form, FUNCTION)
        self._inputs.registered = registry.find(chosen) if _may_be_shown(form, chosen) else None
        shown_for = form.data.get(marker_of(form.add_prefix(name))) if form.is_bound else None
        self.is_of_another = (
            shown_for is not None
            and self.registered is not None
            and registry.find(shown_for) is not self.registered
        )
        stored = form.initial.get(name)
        is_same = registry.find(form.initial.get(FUNCTION, chosen)) is self.registered
        self._inputs.stored = stored if is_same and isinstance(stored, dict) else {}

    is_of_another = False
    """Whether the inputs that were posted are those of another function."""

    @property
    def registered(self) -> Registered | None:
        """The function that is chosen."""
        return self._inputs.registered

    def to_python(self, value: Any) -> Any:
        """The arguments as JSON. Raises ValidationError; each input shows what is wrong with it."""
        if not isinstance(value, ArgumentsForm):
            stored = super().to_python(value if value is not None else "")
            if self.registered is not None:
                validate_size(stored)
                read_arguments(self.registered, stored)
            return stored
        if self.is_of_another and value.fields:
            raise ValidationError(self.error_messages["changed"], code="changed")
        if self.registered is None or not value.is_valid():
            raise self._wrong(len(value.errors))
        # The order stays as it was. What is left at the default follows the code.
        kept = [name for name in self._inputs.stored if name in value.written]
        added = {
            name: stored
            for name, stored in value.written.items()
            if name not in kept and not value.parameters[name].is_default(stored)
        }
        found = {name: value.written[name] for name in kept} | added
        validate_size(found)
        return found

    def _wrong(self, count: int) -> ValidationError:
        text = ngettext(
            "One argument is wrong. The reason is shown above it.",
            "%(n)d arguments are wrong. The reasons are shown above them.",
            count,
        )
        return ValidationError(text, code="arguments", params={"n": count})

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed; the inputs of another function are shown anew."""
        if isinstance(data, ArgumentsForm):
            return None if self.is_of_another else data
        return super().bound_data(data, initial) if data is not None else None

    def prepare_value(self, value: Any) -> Any:
        """The inputs; or the JSON of arguments whose function is gone."""
        if value is None or isinstance(value, (ArgumentsForm, InvalidJSONInput)):
            return value
        if self.registered is not None:
            return None
        return super().prepare_value(value) if value else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other arguments are stored afterwards."""
        try:
            return json_of(self.to_python(data)) != json_of(initial)  # 1 equals true
        except ValidationError:
            return True
