"""The inputs of a function's arguments: what a page shows is what the function is called with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from django.utils.text import normalize_newlines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countjobs.functions.calls import write_arguments
from countjobs.functions.signatures import parameters_of
from countjobs.models import FunctionJob
from tests.support.argument_forms import FunctionForm, posted, sent, shown
from tests.support.parameter_values import SIGNATURES, Crossed, comparable, signature_values
from tests.support.registering import NAME, empty_registry, recording, register
from tests.support.strategies import steadily

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]

with_a_database = settings(
    steadily, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def typed(value: Any) -> Any:
    """What a person can type of it: in an input, a line end is a line end."""
    return normalize_newlines(value) if type(value) is str else value


@given(values=signature_values)
@with_a_database
def test_what_is_typed_into_the_form_is_what_the_function_is_called_with(
    values: dict[str, Any],
) -> None:
    empty_registry()
    function, calls = recording(SIGNATURES)
    registered = register(function)
    page = str(shown(write_arguments(registered, values)))
    form = posted({}, sent(page))
    assert form.is_valid(), form.errors
    form.save().delete()
    form.instance.run()
    (called,) = calls
    assert called.keys() == values.keys()
    for name, value in values.items():
        assert comparable(called[name]) == comparable(typed(value)), name


@given(values=signature_values, names=st.sets(st.sampled_from([*SIGNATURES])), data=st.data())
@with_a_database
def test_a_form_that_is_sent_back_as_it_was_changes_nothing(
    values: dict[str, Any], names: set[str], data: st.DataObject
) -> None:
    """Some arguments are stored, and the others are left at their defaults."""
    empty_registry()
    defaults = data.draw(signature_values)
    registered = register(recording(SIGNATURES, defaults)[0])
    stored = {
        name: each for name, each in write_arguments(registered, values).items() if name in names
    }
    form = posted(stored, sent(str(shown(stored))))
    assert form.is_valid(), form.errors
    assert form.changed_data == []
    assert form.cleaned_data["arguments"] == stored
    assert repr(form.instance.arguments) == repr(stored), "also in this order"


def test_texts_keep_their_line_ends_where_nobody_has_changed_them() -> None:
    register(recording({"it": str})[0])
    for text in ("a\rb", "a\r\nb", "\n a\n"):
        page = str(shown({"it": text}))
        assert posted({"it": text}, sent(page)).instance.arguments == {"it": text}
        form = posted({"it": text}, sent(page, arguments__it="a\r\nc"))
        assert form.is_valid()
        assert form.has_changed()
        assert form.cleaned_data["arguments"] == {"it": "a\nc"}


ODD: list[Any] = [None, True, 7, 1.5, 10**30, "", "abc", "9" * 5_000, ["a"], {"a": 1}, [[1]]]


@pytest.mark.parametrize("name", SIGNATURES)
def test_what_is_stored_and_does_not_fit_is_shown(name: str) -> None:
    register(recording({name: SIGNATURES[name]})[0])
    for stored in (*ODD, "0001-01-01T00:00:00+14:00", "P999999999999D"):
        page = str(shown({name: stored}))
        assert f"arguments-{name}" in page
        posted({name: stored}, sent(page)).is_valid()  # it breaks nowhere


def test_an_hour_that_occurs_twice_stays_the_one_that_it_was(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    register(recording({"it": datetime})[0])
    for moment in ("2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"):
        page = str(shown({"it": moment}))
        assert "02:30" in page
        form = posted({"it": moment}, sent(page))
        assert form.is_valid(), form.errors
        assert form.cleaned_data["arguments"] == {"it": moment}


@pytest.mark.parametrize(
    "names",
    [
        ["of"],
        ["at", "at_0", "at_1"],
        ["table", "table_key", "table_text"],
        ["table_text_", "table"],
        ["function", "arguments", "csrfmiddlewaretoken", "self", "cls", "prefix", "fields", "data"],
        ["größe", "名前"],
    ],
    ids=str,
)
def test_parameters_may_be_called_anything(names: list[str]) -> None:
    kinds: dict[str, Any] = {"at": datetime, "table": dict[str, str]}
    hints = {name: kinds.get(name, str) for name in names}
    values: dict[str, Any] = {
        name: {"at": "2026-03-04T12:00:00+00:00", "table": {"a": "b"}}.get(name, f"for {name}")
        for name in names
    }
    register(recording(hints)[0])
    page = str(shown(values))
    form = posted({}, sent(page))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["arguments"] == values
    sent_names = [key for key in sent(page) if key.startswith("arguments-")]
    assert len(sent_names) == len(set(sent_names))


CHOICES: list[tuple[Any, Any, Any]] = [
    (Literal["a", '"a"'], '"a"', "a"),
    (Literal["a", '"a"'], "a", '"a"'),
    (Literal[1, True], 1, True),
    (Crossed, "A", "B"),
]


@pytest.mark.parametrize(("hint", "stored", "other"), CHOICES, ids=str)
def test_the_choice_that_is_stored_is_the_one_that_is_shown(
    hint: Any, stored: Any, other: Any
) -> None:
    register(recording({"it": hint})[0])
    sent_for = sent(str(shown({"it": stored})))
    assert sent_for != sent(str(shown({"it": other})))
    form = posted({"it": other}, sent_for)
    assert form.is_valid()
    assert form.has_changed()
    assert repr(form.cleaned_data["arguments"]) == repr({"it": stored})
    wrong = posted({}, sent(str(shown({"it": stored})), function="gone"))
    again = posted({}, sent_for)
    assert sent(str(again)) == sent_for, "a form with an error shows what was chosen"
    assert not wrong.is_valid()


# What is left empty


def test_an_argument_that_is_required_is_asked_for_at_its_input() -> None:
    register(recording({"it": int, "other": str})[0])
    form = posted({}, sent(str(shown({})), arguments__other="x"))
    assert not form.is_valid()
    assert form.errors["arguments"] == ["One argument is wrong. The reason is shown above it."]
    assert str(form).count("This field is required.") == 1


def test_one_that_is_left_at_its_default_follows_the_code() -> None:
    register(recording({"days": int, "to": str | None}, {"days": 7, "to": None})[0])
    page = str(shown({}))
    assert 'value="7"' in page
    assert posted({}, sent(page)).instance.arguments == {}
    form = posted({}, sent(page, arguments__days="8"))
    assert form.is_valid()
    assert form.cleaned_data["arguments"] == {"days": 8}


def test_one_that_was_stored_stays_stored_also_if_it_is_the_default() -> None:
    register(recording({"days": int}, {"days": 7})[0])
    form = posted({"days": 8}, sent(str(shown({"days": 8})), arguments__days="7"))
    assert form.is_valid()
    assert form.cleaned_data["arguments"] == {"days": 7}


@pytest.mark.parametrize("hint", [str, list[str], dict[str, str], User, int, time], ids=str)
def test_an_input_that_is_emptied_means_none_where_that_is_allowed(hint: Any) -> None:
    user = User.objects.create_user("ann")
    values = {str: "x", list[str]: ["x"], dict[str, str]: {"x": "y"}, User: user.pk, int: 1}
    stored = {"it": values.get(hint, "12:00:00")}
    register(recording({"it": hint | None}, {"it": None})[0])
    data = sent(str(shown(stored)))
    for key in [key for key in data if key.startswith("arguments-it")]:
        data.setlist(key, [""])
    form = posted(stored, data)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["arguments"] == {"it": None}


# What is wrong


@pytest.mark.parametrize(
    ("hint", "text", "reason"),
    [
        (str, "x" * 10_001, "The text has 10001 characters; at most 10000 are allowed."),
        (int, "1.5", "Enter a whole number."),
        (float, "inf", "Enter a number."),
        (User, "7", "Select a valid choice."),
        (User, "a\0", "Select a valid choice."),
        (Literal["a"], "b", "Select a valid choice."),
        (time, "25:00", "Enter a valid time."),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_wrong_is_told_at_its_input(hint: Any, text: str, reason: str) -> None:
    register(recording({"it": hint, "other": int}, {"other": 1})[0])
    form = posted({}, sent(str(shown({})), arguments__it=text))
    assert not form.is_valid()
    assert form.errors["arguments"] == ["One argument is wrong. The reason is shown above it."]
    assert str(form).count(reason) == 1


def test_the_size_of_all_arguments_is_bounded() -> None:
    register(recording({"it": list[str]})[0])
    data = sent(str(shown({})))
    data.setlist("arguments-it_text", ["x" * 9_000] * 8)
    form = posted({}, data)
    assert not form.is_valid()
    assert form.errors["arguments"] == [
        "The arguments take 72040 bytes; at most 65536 are allowed."
    ]


# Another function


def named(name: str, **hints: Any) -> Callable[..., None]:
    function, _calls = recording(hints)
    register(function, name=name)
    return function


def test_arguments_of_another_function_are_not_taken() -> None:
    named("one", days=int, to=str)
    named("two", days=int)
    data = sent(str(shown({"days": 1, "to": "x"}, "one")), function="two")
    form = posted({"days": 1, "to": "x"}, data, "one")
    assert not form.is_valid()
    assert form.errors["arguments"] == ["Fill in the arguments of this function, then save again."]
    again = str(form)
    assert 'value="two"' in again
    assert 'name="arguments-to"' not in again
    assert posted({}, sent(again, arguments__days="3"), "one").is_valid()


def test_an_alias_names_the_same_function() -> None:
    register(recording({"days": int})[0], name="new", aliases=["old"])
    form = posted({"days": 1}, sent(str(shown({"days": 1}, "old"))), "old")
    assert form.is_valid(), form.errors
    assert form.save().function == "new"
    assert FunctionJob.objects.get().arguments == {"days": 1}


def test_what_no_parameter_takes_is_shown_and_dropped_when_it_is_saved() -> None:
    register(recording({"days": int})[0])
    page = str(shown({"days": 1, "gone": 2}))
    assert "Stored, but no parameter of this function: gone. Saving removes it." in page
    form = posted({"days": 1, "gone": 2}, sent(page))
    assert form.is_valid()
    assert form.changed_data == ["arguments"]
    assert form.cleaned_data["arguments"] == {"days": 1}


def test_arguments_of_a_function_that_is_gone_are_shown_as_json_and_kept() -> None:
    page = str(shown({"days": "ü"}, "gone"))
    assert str(sent(page)["arguments"]).split() == ["{", '"days":', '"ü"', "}"]
    form = posted({"days": "ü"}, sent(page), "gone")
    assert not form.is_valid()
    assert [*form.errors] == ["function"]
    assert "There is no function “gone” here." in form.errors["function"][0]


def test_a_function_that_can_t_be_scheduled_says_why_at_its_arguments() -> None:
    register(recording({"it": object})[0])
    form = posted({}, sent(str(shown({}))))
    assert not form.is_valid()
    assert "is of a type that a form can't show: object." in form.errors["arguments"][0]


def test_a_new_form_has_no_inputs_yet() -> None:
    assert "Choose a function. Its inputs appear here." in str(FunctionForm())
    assert parameters_of(register(lambda: None)) == {}
    assert "This function takes no arguments." in str(shown({}, NAME))
