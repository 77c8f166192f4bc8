"""The input of a parameter that is an object: a search, where the admin has one for its model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest, HttpResponseBase
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from countjobs.admin.functions.function_choice import may_choose
from countjobs.functions.parameter_types import Key
from countjobs.functions.registry import Registered, registry
from countjobs.functions.signatures import Parameter, usable_parameters


class ObjectInput(AutocompleteSelect):
    """Django's search for an object, which asks for a parameter instead of a model's field."""

    def __init__(
        self, registered: Registered, parameter: Parameter, model_admin: Any, url: str
    ) -> None:
        asked = SimpleNamespace(_meta=SimpleNamespace(app_label="", model_name=registered.name))
        remote = SimpleNamespace(model=model_admin.model)
        field: Any = SimpleNamespace(name=parameter.name, model=asked, remote_field=remote)
        super().__init__(field, model_admin.admin_site, using=DEFAULT_DB_ALIAS)
        self._url = url
        self._type: Key = parameter.type  # type: ignore[assignment]  # whoever makes it has looked

    def get_url(self) -> str:
        """Where it searches."""
        return self._url

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        """As Django's. What can't be a key, posted or stored, is no object."""
        return super().optgroups(name, [each for each in value if self._may_be_key(each)], attr)

    def _may_be_key(self, value: Any) -> bool:
        try:
            self._type.key_of(str(value))
        except ValidationError:
            return False
        return True

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The search; and an input for the key, where there is no JavaScript."""
        search = super().render(name, value, attrs, renderer)
        key = "" if value is None else value
        return format_html(
            '{}<noscript><input type="text" name="{}" value="{}" aria-label="{}"></noscript>',
            search,
            name,
            key,
            gettext("Key of the object"),
        )


def field_of(
    model_admin: Any, request: HttpRequest, registered: Registered, parameter: Parameter
) -> forms.Field:
    """The input of a parameter, for the user of a request.

    Objects can be searched if the site has pages of their model with a search, and the user may see
    them. Otherwise their key is typed.
    """
    field = parameter.field()
    if isinstance(parameter.type, Key):
        found = _admin_of(model_admin, request, parameter.type)
        if found is not None:
            url = model_admin.page_address("objects")
            field.widget = ObjectInput(registered, parameter, found, url)
            field.widget.is_required = field.required
            field.widget.choices = field.choices  # type: ignore[attr-defined]  # a choice of objects
    return field


def _admin_of(model_admin: Any, request: HttpRequest, key: Key) -> ModelAdmin[Any] | None:
    site = model_admin.admin_site
    if not site.is_registered(key.model):
        return None
    found: ModelAdmin[Any] = site.get_model_admin(key.model)
    if not found.get_search_fields(request) or not found.has_view_permission(request):
        return None
    return found


class _Objects(AutocompleteJsonView):
    """Django's answer, for a parameter of a function."""

    def __init__(self, model_admin: Any) -> None:
        super().__init__()
        self._of = model_admin

    def process_request(self, request: HttpRequest) -> Any:
        """What is searched. Raises PermissionDenied for what the user may not choose or see."""
        registered = registry.find(request.GET.get("model_name"))
        if registered is None or not may_choose(request.user, registered):
            raise PermissionDenied
        parameter = usable_parameters(registered).get(request.GET.get("field_name", ""))
        if parameter is None or not isinstance(parameter.type, Key):
            raise PermissionDenied
        found = _admin_of(self._of, request, parameter.type)
        if found is None:
            raise PermissionDenied
        everything = SimpleNamespace(get_limit_choices_to=dict)
        term = request.GET.get("term", "").replace("\0", "")
        return term, found, everything, parameter.type.model._meta.pk.attname


def search_objects(model_admin: Any, request: HttpRequest) -> HttpResponseBase:
    """The objects that a search finds, as JSON, a page at a time."""
    view = _Objects(model_admin)
    view.setup(request)
    return view.dispatch(request)
