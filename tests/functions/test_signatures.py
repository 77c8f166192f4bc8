"""What a function takes, from its annotations, its defaults and its docstring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from countjobs.functions.choice_values import Member, OneOf
from countjobs.functions.parameter_types import Key, KeyedTexts, Texts
from countjobs.functions.plain_values import Bool, DecimalNumber, Float, Int, Text
from countjobs.functions.registry import Registered
from countjobs.functions.signatures import Parameter, SignatureError, parameters_of
from countjobs.functions.time_values import Date, Duration, Moment, Time
from tests.support import annotated_later
from tests.support.registering import recording


class Colour(Enum):
    RED = 1
    DARK_BLUE = 2


def read(function: Callable[..., Any]) -> dict[str, Parameter]:
    return parameters_of(Registered("mail", function))


def parameter(hint: Any, *default: Any) -> Parameter:
    function, _calls = recording({"it": hint}, dict(zip(["it"], default, strict=False)))
    return read(function)["it"]


def why_not(function: Callable[..., Any]) -> tuple[Any, ...]:
    with pytest.raises(SignatureError) as refused:
        read(function)
    return refused.value.args


TYPES: list[tuple[Any, type]] = [
    (bool, Bool),
    (int, Int),
    (float, Float),
    (Decimal, DecimalNumber),
    (str, Text),
    (date, Date),
    (datetime, Moment),
    (time, Time),
    (timedelta, Duration),
    (Literal["a", 1, True], OneOf),
    (Colour, Member),
    (list[str], Texts),
    (dict[str, str], KeyedTexts),
    (User, Key),
]


@pytest.mark.parametrize(("hint", "kind"), TYPES, ids=str)
def test_each_supported_type_has_an_input(hint: Any, kind: type) -> None:
    plain = parameter(hint)
    assert type(plain.type) is kind
    assert (plain.may_be_none, plain.is_required, plain.validators) == (False, True, ())
    old = (Optional[hint], Union[None, hint])  # noqa: UP007, UP045  # people write it so
    for optional in (hint | None, *old, Annotated[hint | None, "x"]):
        found = parameter(optional, None)
        assert type(found.type) is kind
        assert (found.may_be_none, found.is_required, found.default) == (True, False, None)
        assert found.read(None) is None
        assert found.field().label == "It"


def test_a_value_that_may_not_be_none_is_refused_where_it_is() -> None:
    for hint, _kind in TYPES:
        with pytest.raises(ValidationError):
            parameter(hint).read(None)
        with pytest.raises(ValidationError):
            parameter(hint).write(None)


class Abstract(models.Model):
    class Meta:
        abstract = True
        app_label = "app"


UNKNOWN: list[Any] = [
    *(list, dict, tuple, set, object, type, bytes, complex, Any, "Nowhere"),
    *(list[int], dict[str, int], tuple[str, ...], int | str, int | str | None, Callable[[], int]),
    *(Literal["a", None], Literal[b"a"], Abstract, None, 7, [], Annotated[list[int], "x"]),
]


@pytest.mark.parametrize("hint", UNKNOWN, ids=str)
def test_another_type_is_refused_with_its_name(hint: Any) -> None:
    function, _calls = recording({"it": hint, "days": int})
    (reason,) = why_not(function)
    if hint == "Nowhere":
        assert reason == "Its annotations can't be read: NameError: name 'Nowhere' is not defined"
    elif hint not in (7, []):
        assert reason.startswith("“it” is of a type that a form can't show: ")


@pytest.mark.usefixtures("forgotten")
def test_a_model_whose_objects_no_single_value_tells_is_refused() -> None:
    class OfTwo(models.Model):
        pk = models.CompositePrimaryKey("one", "two")
        one = models.IntegerField()
        two = models.IntegerField()

        class Meta:
            app_label = "app"

    class Swapped(models.Model):
        class Meta:
            app_label = "app"
            swappable = "AUTH_USER_MODEL"

    for model in (OfTwo, Swapped):
        function, _calls = recording({"it": model})
        (reason,) = why_not(function)
        assert reason == f"“it” is of a type that a form can't show: {model.__name__}."


def test_whatever_a_label_or_a_default_raises_is_a_reason() -> None:
    class Broken(Enum):
        ONE = 1

        @property
        def label(self) -> str:
            raise RuntimeError("no label")

    function, _calls = recording({"it": Broken})
    assert why_not(function) == ("“it” can't be read: RuntimeError: no label",)


def test_parameters_that_have_no_name_or_annotation_are_refused_all_at_once() -> None:
    def wrong(only, /, bare, *args: int, days: int = 7, **kwargs: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Nothing."""

    assert why_not(wrong) == (
        "“only” can't be given by name.",
        "“bare” has no annotation.",
        "“*args: 'int'” can't be given by name.",
        "“**kwargs: 'str'” can't be given by name.",
    )


@pytest.mark.parametrize(
    ("hint", "default"),
    [
        (int, "7"),
        (int, True),
        (int, None),
        (bool, 0),
        (str, 7),
        (str, "\0"),
        (Literal[1], True),
        (Colour, 1),
        (list[str], ("a",)),
        (list[str], [7]),
        (dict[str, str], {"a": 1}),
        (datetime, datetime(2026, 3, 4, 12)),
        (date, datetime(2026, 3, 4, 12)),
        (Decimal, 1.5),
        (float, float("nan")),
        (Annotated[int, MinValueValidator(1)], 0),
        (User, 1),
    ],
)
def test_a_default_that_does_not_fit_is_refused(hint: Any, default: Any) -> None:
    function, _calls = recording({"it": hint}, {"it": default})
    (reason,) = why_not(function)
    assert reason.startswith("The default of “it” doesn't fit: ")


def test_annotations_that_are_texts_are_read() -> None:
    found = read(annotated_later.remind)
    assert [type(each.type) for each in found.values()] == [Key, Int, Text]
    assert found["days"].help == "How long ago."
    assert found["to"].may_be_none
    with pytest.raises(ValidationError):
        found["days"].read(0)


def test_annotations_that_can_t_be_read_are_refused() -> None:
    reason = "Its annotations can't be read: NameError: name 'Nowhere' is not defined"
    assert why_not(annotated_later.unreadable) == (reason,)
    (reason,) = why_not(annotated_later.anything)
    assert "typing.Any" in reason or "Any." in reason
    assert why_not(dict)[0].startswith("Its annotations can't be read: ")


# Validators


def test_bounds_are_checked_and_the_browser_knows_them() -> None:
    bounded = parameter(Annotated[int, MinValueValidator(1), MaxValueValidator(30)])
    assert bounded.read(30) == 30
    for value in (0, 31):
        with pytest.raises(ValidationError):
            bounded.read(value)
        with pytest.raises(ValidationError):
            bounded.write(value)
    attrs = bounded.field().widget.attrs
    assert (attrs["min"], attrs["max"]) == (1, 30)


def is_address(text: str) -> None:
    if "@" not in text:
        raise ValidationError("This is no address.")


def test_any_validator_counts_also_inside_of_an_optional_type() -> None:
    for hint in (Annotated[str | None, is_address], Annotated[str, is_address] | None):
        address = parameter(hint, None)
        assert address.read("a@example.org") == "a@example.org"
        assert address.read(None) is None
        with pytest.raises(ValidationError):
            address.read("nowhere")


def test_a_validator_that_breaks_refuses_the_value() -> None:
    broken = parameter(Annotated[str, MinValueValidator(1)])
    with pytest.raises(ValidationError, match="TypeError"):
        broken.read("text")


def by_field(value: object) -> None:
    raise ValidationError({"field": ["by field"]})


def unfillable(value: object) -> None:
    raise ValidationError("%(this)s isn't there", params={"that": 1})


def leaving(value: object) -> None:
    raise SystemExit(3)


def silent(value: object) -> None:
    raise ValidationError([])


@pytest.mark.parametrize(
    ("validator", "reason"),
    [
        (by_field, "by field"),
        (unfillable, "KeyError: 'this'"),
        (leaving, "SystemExit: 3"),
        (silent, "ValidationError"),
    ],
)
def test_a_validator_may_refuse_in_any_way(validator: Callable[..., Any], reason: str) -> None:
    refusing = parameter(Annotated[int, validator])
    with pytest.raises(ValidationError) as refused:
        refusing.read(1)
    form = forms.Form()
    form.fields["it"] = refusing.field()
    form.cleaned_data = {}
    form.add_error("it", refused.value)
    (told,) = refused.value.messages
    assert reason in told


# Words


@pytest.mark.parametrize(
    ("name", "label"),
    [("days_to_keep", "Days to keep"), ("URL", "Url"), ("_", "_"), ("x", "X"), ("größe", "Größe")],
)
def test_the_label_is_the_name_in_words(name: str, label: str) -> None:
    function, _calls = recording({name: int})
    assert read(function)[name].label == label
