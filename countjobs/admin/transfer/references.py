"""What foreign keys in a file refer to: looked up for all entries at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist, ValidationError
from django.db import DataError, models, router, transaction
from django.utils.translation import gettext_lazy as _

from countjobs.admin.transfer.format import has_natural_key, json_of
from countjobs.admin.transfer.values import read_key
from countjobs.text import shown


class References:
    """The rows that entries refer to by one foreign key.

    One query finds those that are named by key; a natural key takes one each, however many name it.
    """

    def __init__(self, field: Any, values: Iterable[Any]) -> None:
        self._field = field
        self._name: str = self._field.target_field.attname
        self._keys: dict[str, Any] = {}
        self._errors: dict[str, ValidationError] = {}
        for value in values:
            if (text := json_of(value)) not in self._keys and text not in self._errors:
                self._look_up(text, value)
        self._rows = self._allowed()

    def row(self, value: Any) -> Any:
        """The row that is meant by one of the values. Raises ValidationError."""
        text = json_of(value)
        if text in self._errors:
            raise self._errors[text]
        if (key := self._keys[text]) not in self._rows:
            raise self._missing(value)
        return self._rows[key]

    def _look_up(self, text: str, value: Any) -> None:
        try:
            natural = isinstance(value, list) and has_natural_key(self._field)
            self._keys[text] = self._by_name(value) if natural else read_key(self._field, value)
        except ValidationError as error:
            self._errors[text] = error

    def _by_name(self, names: list[Any]) -> Any:
        model: Any = self._field.related_model
        try:
            with transaction.atomic():
                manager = model._default_manager.db_manager(router.db_for_write(model))
                return getattr(manager.get_by_natural_key(*names), self._name)
        except (ObjectDoesNotExist, MultipleObjectsReturned, DataError) as error:
            raise self._missing(names) from error
        except (TypeError, ValueError, OverflowError) as error:
            raise self._missing(names) from error

    def _allowed(self) -> dict[Any, Any]:
        """The rows by key, of those that the field may refer to at all."""
        if not self._keys:
            return {}
        model: Any = self._field.related_model
        there: models.QuerySet[Any] = model._base_manager.using(router.db_for_write(model))
        wanted = there.filter(**{f"{self._name}__in": set(self._keys.values())})
        rows = wanted.complex_filter(self._field.get_limit_choices_to())
        return {getattr(row, self._name): row for row in rows}

    def _missing(self, value: Any) -> ValidationError:
        return ValidationError(
            _("There is no %(model)s %(value)s."),
            code="missing",
            params={
                "model": self._field.related_model._meta.verbose_name,
                "value": shown(json_of(value)),
            },
        )
