"""Field types of the app's models."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext_lazy as _

from countjobs.forms import (
    MOST_LEVELS,
    IntervalFormField,
    KeyTextFormField,
    OrderedJSONFormField,
    is_too_deep,
)
from countjobs.text import shown, storable, validate_text
from countjobs.triggers import CRON_DEFAULTS, CronFieldError, normalise_expression

MOST_SECONDS = 10 * 366 * 86_400
"""Ten years: the longest time that a field may hold."""


class IntervalField(models.PositiveIntegerField):  # type: ignore[type-arg]  # generic for mypy only
    """So many seconds. Forms have a number and a unit."""

    default_validators = [MinValueValidator(1), MaxValueValidator(MOST_SECONDS)]

    def formfield(self, **kwargs: Any) -> Any:
        """A form field of two inputs."""
        own = {"form_class": IntervalFormField, "most": MOST_SECONDS}
        return models.Field.formfield(self, **{**own, **kwargs})


class CronField(models.CharField):  # type: ignore[type-arg]  # generic for mypy only
    """One of the eight cron expressions, named as the field is. Blank means the field's default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def contribute_to_class(
        self, cls: type[models.Model], name: str, *args: Any, **kwargs: Any
    ) -> None:
        """Take the default from the field's name."""
        self.default = CRON_DEFAULTS[name]
        super().contribute_to_class(cls, name, *args, **kwargs)

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        """The normal form of an expression. Raises ValidationError that says what is wrong."""
        cleaned = super().clean(value, model_instance)
        try:
            normal = normalise_expression(self.name, cleaned)
        except CronFieldError as error:
            raise ValidationError(str(error), code="cron") from error
        self.run_validators(normal)  # a name is longer than the number it stands for
        return normal

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Give the saved instance the value that is stored."""
        value = self._normal(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """The normal form, also without `full_clean`: in updates and bulk writes."""
        return super().get_db_prep_save(self._normal(value), connection)

    def _normal(self, value: Any) -> Any:
        """A value without a normal form stays. The definition is then set aside as broken."""
        if hasattr(value, "resolve_expression"):
            return value
        try:
            return normalise_expression(self.name, "" if value is None else str(value))
        except CronFieldError:
            return value


class _Shown(json.JSONEncoder):
    """JSON as read-only pages show it, whatever raw SQL has put there."""

    def encode(self, o: Any) -> str:
        return storable(super().encode(o))


class OrderedJSONField(models.JSONField):
    """JSON kept as the text that was given: PostgreSQL's jsonb would sort the keys of objects.

    Nothing can be looked up inside it.
    """

    # Django's own list also holds [] and "", which it would then leave unvalidated.
    empty_values = [{}]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.encoder = _Shown  # Django's pages use it; what is stored is written below

    def deconstruct(self) -> Any:
        """As Django's, without the arguments that every such field has."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("encoder")
        return name, path, args, kwargs

    def formfield(self, **kwargs: Any) -> Any:
        """A form field that keeps what was typed, and compares it with what is stored.

        Django would send the default's value along, hidden, and compare with that.
        """
        own = {"form_class": OrderedJSONFormField, "show_hidden_initial": False}
        return super().formfield(**{**own, **kwargs})

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """As Django's. What can't be written or read again is refused, too."""
        if is_too_deep(value):
            raise ValidationError(_("This is nested too deeply."), code="depth")
        try:
            super().validate(value, model_instance)
        except (ValueError, RecursionError) as error:  # a number of thousands of digits
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def get_internal_type(self) -> str:
        """The database sees text."""
        return "TextField"

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        """Text, whatever the database can do with JSON."""
        return value if isinstance(value, models.Expression) else json.dumps(value)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """The same: a None is JSON's null."""
        return self.get_db_prep_value(value, connection)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """The value of the text. Only raw SQL can store text that isn't JSON, or is nested too
        deeply to show and validate: that is returned as text, and validation reports it.
        """
        try:
            parsed = json.loads(value)
        except (TypeError, ValueError, RecursionError):
            return str(value) if isinstance(value, bytes) else value
        text = str(value)
        # The depth is at most the number of brackets; most texts have hardly any.
        may_be = text.count("{") + text.count("[") > MOST_LEVELS
        return value if may_be and is_too_deep(parsed) else parsed


MOST_MESSAGES = 1_000
MOST_MESSAGE_BYTES = 64 * 1024


def validate_messages(value: object) -> None:
    """Check that messages are a JSON object of texts, not too large. Raises ValidationError."""
    if not isinstance(value, dict):
        raise ValidationError(
            _('Messages must be a JSON object, such as {"one": "one count."}.'), code="messages"
        )
    for key, text in value.items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise ValidationError(
                _("The message for “%(key)s” must be text, in quotation marks."),
                code="messages",
                params={"key": shown(key)},
            )
        validate_text(key)
        validate_text(text)
    if len(value) > MOST_MESSAGES:
        raise ValidationError(
            _("There are %(count)d messages; at most %(most)d are allowed."),
            code="messages",
            params={"count": len(value), "most": MOST_MESSAGES},
        )
    size = len(json.dumps(value, ensure_ascii=False).encode())
    if size > MOST_MESSAGE_BYTES:
        raise ValidationError(
            _("The messages take %(size)d bytes; at most %(most)d are allowed."),
            code="messages",
            params={"size": size, "most": MOST_MESSAGE_BYTES},
        )


class KeyTextField(OrderedJSONField):
    """An object of text to text, such as messages. The admin edits it in rows."""

    default_validators = [validate_messages]

    def formfield(self, **kwargs: Any) -> Any:
        """A form field of rows."""
        return super().formfield(**{"form_class": KeyTextFormField, **kwargs})
