"""Definitions that call a registered function."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings

from countjobs.functions.calls import read_arguments
from countjobs.history.requests import request_run
from countjobs.models import Execution, FunctionJob
from countjobs.models.executions import Status
from tests.support.argument_forms import posted, sent, shown
from tests.support.executing import outcome_of
from tests.support.parameter_values import OPTIONAL, SIGNATURES, hostile
from tests.support.registering import (
    NAME,
    empty_registry,
    function_job,
    mail,
    recording,
    register,
    unregister,
)
from tests.support.strategies import steadily

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]

MAY_BE_NONE = {name: hint for name, hint in SIGNATURES.items() if hint in OPTIONAL}


def definition(**fields: Any) -> FunctionJob:
    return FunctionJob(**{"name": "mail", "function": NAME, **fields})


def errors(job: FunctionJob) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        job.full_clean()
    return refused.value.message_dict


# Validation


def test_what_is_wrong_is_told_at_its_field() -> None:
    register(mail)
    assert errors(definition(function="gone")) == {
        "function": ["There is no function “gone” here. Functions are registered with @job."]
    }
    assert errors(definition(arguments={"days": "7", "cc": 1})) == {
        "arguments": [
            'days: This must be a whole number, not "7".',
            "cc: the function has no such parameter.",
        ]
    }
    assert errors(definition(arguments=[])) == {
        "arguments": ["The arguments must be a JSON object."]
    }
    definition(arguments={"days": 7}).full_clean()


def test_a_function_that_can_t_be_scheduled_is_told_at_the_arguments() -> None:
    register(recording({"it": object})[0])
    (told,) = errors(definition())["arguments"]
    assert told.startswith("The function can't be scheduled: “it” is of a type that")


def test_an_alias_becomes_the_name() -> None:
    register(mail, name="new", aliases=["old"])
    job = definition(function="old")
    job.full_clean()
    assert job.function == "new"
    assert job.callee == "function new"


@pytest.mark.parametrize("name", ["", "x" * 201, "\0", "os.system", "a\u202eb"])
def test_no_other_name_is_taken(name: str) -> None:
    register(mail)
    assert [*errors(definition(function=name))] == ["function"]


@given(arguments=hostile)
@settings(steadily, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_arguments_are_they_fit_or_are_refused(
    arguments: Any, isolated_registry: Any
) -> None:
    empty_registry()
    function, calls = recording(MAY_BE_NONE, dict.fromkeys(MAY_BE_NONE))
    register(function)
    for stored in (arguments, {"it_14": arguments}, {"it_18": arguments, "it_26": arguments}):
        job = definition(arguments=stored)
        try:
            job.full_clean()
        except ValidationError as refused:
            found = refused.message_dict
        else:
            found = {}
            job.save()
            job.delete()
            job.run()
            calls.clear()
        assert found.keys() <= {"arguments"}
        assert isinstance(job.call_in_words(), str)
        assert form_errors(stored) <= {"arguments"}


def form_errors(arguments: Any) -> set[str]:
    """Where a form complains of what somebody sends as JSON."""
    try:
        text = json.dumps(arguments)
    except (ValueError, RecursionError):
        return set()
    data = sent(str(shown({})), arguments=text)
    return {*posted({}, data).errors}


# Made in code


def test_of_makes_a_definition_from_values_of_python() -> None:
    user = User.objects.create_user("ann")
    function, calls = recording({"user": User, "days": int}, {"days": 7})
    register(function, retries=2, time_limit=60)
    job = FunctionJob.of(function, name="ann", arguments={"user": user}, retries=5, hour="3")
    assert job._state.adding
    job.full_clean()
    job.save()
    job.refresh_from_db()
    assert (job.function, job.arguments) == (NAME, {"user": user.pk})
    assert (job.retries, job.time_limit, job.hour) == (5, 60, "3")
    job.run()
    assert calls == [{"user": user, "days": 7}]


def test_of_refuses_what_is_not_registered_and_what_does_not_fit() -> None:
    with pytest.raises(TypeError, match="isn't registered: decorate it with @job"):
        FunctionJob.of(mail, name="mail")
    register(mail)
    with pytest.raises(ValidationError, match="days: This must be a whole number"):
        FunctionJob.of(mail, name="mail", arguments={"days": "7"})
    function, _calls = recording({"days": int})
    register(function)
    with pytest.raises(ValidationError, match="days: this argument is missing"):
        FunctionJob.of(function, name="mail")


def test_a_list_shows_the_call() -> None:
    register(mail)
    assert definition(arguments={"days": 7}).call_in_words() == f"{NAME}(days=7)"
    assert definition(function="gone", arguments={"a": [1]}).call_in_words() == "gone(a=[1])"


def test_it_needs_the_permission_that_the_function_names() -> None:
    register(mail, permission="shop.mail")
    assert definition().permission_needed == "shop.mail"
    assert definition(function="gone").permission_needed == ""


# Runs


def test_it_calls_the_function_with_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    register(mail)
    definition(arguments={"to": "you"}).run()
    assert capsys.readouterr().out == "7 days to you\n"


async def wait_and_mail(*, to: str) -> str:
    print(f"to {to}")
    return "ignored"


def give_back() -> list[int]:
    print("done")
    return [1]


def lazy() -> Iterator[int]:
    print("never")
    yield 1


async def lazy_async() -> AsyncIterator[int]:
    print("never")
    yield 1


def fail() -> None:
    raise KeyError("the cause")


def outcome(function: Callable[..., Any], **arguments: Any) -> Any:
    empty_registry()
    register(function)
    return outcome_of(definition(arguments=arguments).run)


def test_a_function_may_be_async_and_return_anything() -> None:
    assert outcome(give_back).output == "done\n"
    found = outcome(wait_and_mail, to="you")
    assert (found.status, found.output) == (Status.SUCCEEDED, "to you\n")


@pytest.mark.parametrize("function", [lazy, lazy_async])
def test_a_generator_has_not_run_and_so_has_failed(function: Any) -> None:
    found = outcome(function)
    assert (found.status, found.output) == (Status.FAILED, "")
    assert "generator, whose code has not run" in found.error


def test_the_traceback_begins_at_the_function() -> None:
    found = outcome(fail)
    assert (found.status, found.error) == (Status.FAILED, "KeyError: 'the cause'")
    frames = [line for line in found.traceback.splitlines() if line.startswith("  File")]
    assert len(frames) == 1
    assert frames[0].endswith("in fail")


def test_what_does_not_fit_fails_in_plain_words() -> None:
    function, calls = recording({"user": User})
    assert outcome(function, user=7).error == "ValueError: user: There is no user 7."
    assert outcome(mail, days="x").error == (
        'ValueError: days: This must be a whole number, not "x".'
    )
    unregister()
    found = outcome_of(definition().run)
    assert found.error.startswith("ValueError: There is no function “shop.jobs.mail” here.")
    assert found.traceback.count("File") == 0
    assert calls == []


def test_a_run_may_be_given_other_arguments_that_fit() -> None:
    register(mail)
    job = function_job()
    request_run(job, parameters={"arguments": {"days": 3}})
    refused: list[Any] = [{"days": "3"}, {"cc": 1}, [], None, {"days": 10**5_000}]
    for wrong in refused:
        with pytest.raises(ValueError, match="mail: "):
            request_run(job, parameters={"arguments": wrong})
    with pytest.raises(ValueError, match="can't be given a value for function"):
        request_run(job, parameters={"function": "os.system"})
    assert Execution.objects.get().parameters == {"arguments": {"days": 3}}


def test_arguments_are_checked_without_a_query(django_assert_num_queries: Any) -> None:
    registered = register(recording({"user": User, "days": int})[0])
    with django_assert_num_queries(0):
        read_arguments(registered, {"user": 7, "days": 7})
        definition(arguments={"user": 7, "days": 7}).validate_run()
