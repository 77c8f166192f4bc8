"""What a function is called with: values are stored as JSON, and read back as they were."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from countjobs.functions.calls import in_words, read_arguments, resolved, write_arguments
from countjobs.functions.registry import Registered
from countjobs.functions.signatures import Parameter, parameters_of
from countjobs.text import visible
from tests.app.models import Label
from tests.support.parameter_values import (
    HINTS,
    OPTIONAL,
    SIGNATURES,
    Crossed,
    comparable,
    hostile,
    signature_values,
)
from tests.support.registering import NAME, recording, register
from tests.support.strategies import steadily

EVERYTHING = Registered("all", recording(SIGNATURES)[0])
MAY_BE_NONE = {name: hint for name, hint in SIGNATURES.items() if hint in OPTIONAL}
NOTHING_NEEDED = Registered("optional", recording(MAY_BE_NONE, dict.fromkeys(MAY_BE_NONE))[0])


def parameter(hint: Any, *default: Any) -> Parameter:
    function, _calls = recording({"it": hint}, dict(zip(["it"], default, strict=False)))
    return parameters_of(Registered("mail", function))["it"]


def read_or_refused(one: Parameter, stored: Any) -> tuple[Any, list[str]]:
    """The value, or why there is none, in words that a page can show."""
    try:
        return one.read(stored), []
    except ValidationError as refused:
        messages = refused.messages
    assert all(visible(each) == each and len(each) < 500 for each in messages)
    return None, messages


def through_json(stored: Any) -> Any:
    text = json.dumps(stored, allow_nan=False)
    text.encode()
    return json.loads(text)


@given(signature_values)
@steadily
def test_a_value_of_each_type_comes_back_from_json_as_it_was(values: dict[str, Any]) -> None:
    stored = through_json(write_arguments(EVERYTHING, values))
    found = resolved(EVERYTHING, read_arguments(EVERYTHING, stored))
    assert {n: comparable(each) for n, each in found.items()} == {
        n: comparable(each) for n, each in values.items()
    }
    assert write_arguments(EVERYTHING, found) == stored


@pytest.mark.parametrize("hint", HINTS, ids=str)
@given(data=st.data())
@steadily
def test_whatever_json_holds_is_read_or_refused(hint: Any, data: st.DataObject) -> None:
    stored = data.draw(hostile)
    one = parameter(hint)
    value, messages = read_or_refused(one, stored)
    if not messages:
        assert comparable(one.read(one.write(value))) == comparable(value)
    assert isinstance(one.type.in_words(stored), str)


@pytest.mark.parametrize("model", [User, Label])
@given(stored=hostile)
@steadily
def test_so_is_the_key_of_an_object(model: type[Any], stored: Any) -> None:
    one = parameter(model)
    read_or_refused(one, stored)
    assert isinstance(one.type.in_words(stored), str)


@given(stored=hostile)
@steadily
def test_a_call_in_words_raises_nothing(stored: Any) -> None:
    assert in_words("unknown", stored).startswith("unknown(")
    assert in_words("unknown", {"it": stored}).startswith("unknown(it=")


@given(stored=hostile)
@steadily
def test_arguments_that_do_not_fit_are_refused(stored: Any) -> None:
    if stored != {}:
        with pytest.raises(ValidationError):
            read_arguments(NOTHING_NEEDED, stored)


def test_all_that_is_wrong_is_told_at_once() -> None:
    function, _calls = recording({"days": int, "to": str, "cc": str}, {"cc": ""})
    with pytest.raises(ValidationError) as refused:
        read_arguments(Registered("mail", function), {"days": "7", "unknown": 1})
    assert refused.value.messages == [
        'days: This must be a whole number, not "7".',
        "to: this argument is missing.",
        "unknown: the function has no such parameter.",
    ]


def test_not_more_than_a_few_problems_are_told() -> None:
    with pytest.raises(ValidationError) as refused:
        read_arguments(NOTHING_NEEDED, {str(number): 1 for number in range(1_000)})
    assert len(refused.value.messages) == 20


# Defaults


@pytest.mark.parametrize(
    ("hint", "default", "same", "others"),
    [
        (Literal[1, True], True, [True], [1]),
        (float, 0.0, [0.0], [-0.0, 1.0]),
        (dict[str, str], {"a": "1", "b": "2"}, [{"a": "1", "b": "2"}], [{"b": "2", "a": "1"}]),
        (int | None, None, [None], [0]),
        (int, 7, [7], [8]),
    ],
    ids=str,
)
def test_json_is_the_default_where_it_says_the_same(
    hint: Any, default: Any, same: list[Any], others: list[Any]
) -> None:
    one = parameter(hint, default)
    assert [one.is_default(each) for each in same + others] == [True] * len(same) + [False] * len(
        others
    )


def test_an_empty_text_counts_only_where_it_is_the_default() -> None:
    assert parameter(str, "").read("") == ""
    assert parameter(Literal["", "a"]).read("") == ""
    assert parameter(Crossed).read("EMPTY") is Crossed.EMPTY
    for hint in (str, str | None):
        with pytest.raises(ValidationError, match="required"):
            parameter(hint, "a").read("")


# Objects


@pytest.mark.django_db
def test_an_object_is_stored_by_its_key_and_looked_up_for_the_call() -> None:
    user, label = User.objects.create_user("ann"), Label.objects.create(name="a", slug="ü:1")
    function, _calls = recording({"user": User, "label": Label | None, "none": User | None})
    registered = Registered("mail", function)
    given_values = {"user": user, "label": label, "none": None}
    stored = through_json(write_arguments(registered, given_values))
    assert stored == {"user": user.pk, "label": "ü:1", "none": None}
    assert resolved(registered, read_arguments(registered, stored)) == given_values


@pytest.mark.django_db
def test_an_object_that_is_gone_is_told_with_its_parameter() -> None:
    registered = Registered("mail", recording({"user": User})[0])
    values = read_arguments(registered, {"user": 7})  # this queries nothing
    with pytest.raises(ValidationError, match=r"user: There is no user 7\."):
        resolved(registered, values)


@pytest.mark.parametrize("wrong", [User(), 7, "ann", Label(slug="a")], ids=repr)
def test_what_is_no_saved_object_can_t_be_written(wrong: Any) -> None:
    with pytest.raises(ValidationError, match="must be a saved object: user"):
        parameter(User).write(wrong)


# In words


def test_a_call_is_told_in_words(isolated_registry: object) -> None:
    hints = {"days": int, "now": bool, "to": list[str], "user": User | None, "how": Crossed}
    register(recording(hints)[0])
    stored = {"days": 7, "now": True, "to": ["a", "b"], "user": 3, "how": "A", "gone": {"x": 1}}
    assert in_words(NAME, stored) == (
        f'{NAME}(days=7, now=yes, to=a, b, user=user 3, how=A, gone={{"x": 1}})'
    )
    assert in_words(NAME, {"user": None}) == f"{NAME}(user=null)"
    assert in_words(NAME, []) == f"{NAME}(…)"
