"""The form of a function job: its inputs, what it stores, and what it says is wrong."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client

from countjobs.models import Execution, FunctionJob
from tests.support.admin_pages import cell, change_url, words
from tests.support.definition_form import Browser, errors_shown_at, save
from tests.support.shop_functions import FUNCTION_JOBS, make_refund, typed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]

ADD = f"{FUNCTION_JOBS}add/"


def add(client: Client, sent: dict[str, str]) -> FunctionJob:
    response = client.post(ADD, sent)
    assert response.status_code == 302, words(response.content.decode())
    return FunctionJob.objects.get(name="typed")


def refused(client: Client, sent: dict[str, str]) -> str:
    response = client.post(ADD, sent)
    assert response.status_code == 200
    assert not FunctionJob.objects.exists()
    return response.content.decode()


def test_a_new_one_offers_the_functions_under_their_headings_and_no_inputs(client: Client) -> None:
    page = client.get(ADD).content.decode()
    assert '<optgroup label="Greetings">' in page
    assert 'value="shop.mail"' in page
    assert "Choose a function. Its inputs appear here." in page
    assert 'name="arguments-days"' not in page


def test_what_is_typed_into_the_inputs_is_stored_as_json(client: Client) -> None:
    made = add(client, typed("shop.mail", days="7", to="VIPs", how='"html"'))
    assert (made.function, made.arguments) == (
        "shop.mail",
        {"days": 7, "to": "VIPs", "how": "html"},
    )


def test_what_is_left_at_its_default_is_not_stored(client: Client) -> None:
    assert add(client, typed("shop.mail", days="7", to="all", how='"text"')).arguments == {
        "days": 7
    }


def test_an_input_that_is_wrong_says_so_where_it_is(client: Client) -> None:
    page = refused(client, typed("shop.mail", days="0", to="all", how='"text"'))
    assert "One argument is wrong" in errors_shown_at("arguments", page)
    assert "greater than or equal to 1" in errors_shown_at("arguments-days", page)
    assert 'name="arguments-days" value="0"' in page


def test_an_input_that_is_required_may_not_be_empty(client: Client) -> None:
    page = refused(client, typed("shop.mail", days="", to="", how=""))
    for name in ("days", "to", "how"):
        assert "required" in errors_shown_at(f"arguments-{name}", page)


def test_the_docstring_is_help_and_bounds_are_told_to_the_browser(client: Client) -> None:
    page = client.get(f"{ADD}?function=shop.mail").content.decode()
    assert "Mail customers." in page
    assert "How long they have not come." in page
    assert 'name="arguments-days" min="1"' in page


def test_saved_with_the_inputs_of_another_function_it_shows_the_right_ones_and_their_rules(
    client: Client,
) -> None:
    page = refused(client, typed("shop.rest") | {"function": "shop.mail", "time_limit": ""})
    assert "Fill in the arguments of this function" in errors_shown_at("arguments", page)
    sent = Browser(page).sent
    assert sent["arguments--of"] == ["shop.mail"]
    assert sent["time_limit"] == ["60"]
    assert "coalesce" not in sent
    made = client.post(ADD, {**sent, "arguments-days": "3"})
    assert made.status_code == 302
    assert FunctionJob.objects.get().arguments == {"days": 3}


def test_rules_that_a_person_has_typed_are_not_overwritten(client: Client) -> None:
    sent = typed("shop.rest") | {"function": "shop.mail", "time_limit": "5"}
    assert Browser(refused(client, sent)).sent["time_limit"] == ["5"]


def test_a_function_without_parameters_is_saved_at_once(client: Client) -> None:
    made = add(client, typed("shop.mail") | {"function": "shop.rest"})
    assert (made.function, made.arguments) == ("shop.rest", {})


def test_a_definition_with_a_former_name_is_saved_with_the_present_one(client: Client) -> None:
    made = make_refund(function="shop.pay_back")
    page = client.get(change_url(made)).content.decode()
    assert "can't be chosen" not in words(page)
    client.post(change_url(made), {**Browser(page).sent, "arguments-order": "6"})
    made.refresh_from_db()
    assert (made.function, made.arguments) == ("shop.refund", {"order": 6})


@pytest.mark.parametrize("name", ["os.system", "shop.pay_back", "", "shop.refund\0"])
def test_a_name_that_is_not_offered_is_refused(client: Client, name: str) -> None:
    page = refused(client, typed("shop.rest") | {"function": name})
    assert errors_shown_at("function", page)


def test_arguments_may_also_be_sent_as_json_and_are_checked_alike(client: Client) -> None:
    sent = typed("shop.mail") | {"arguments": '{"days": "x", "colour": 1}'}
    page = refused(client, sent)
    told = errors_shown_at("arguments", page)
    assert "days: This must be a whole number" in told
    assert "colour: the function has no such parameter" in told


@pytest.mark.parametrize(
    "hostile",
    ["{", "[" * 5_000, '{"days": 1, "days": 2}', '{"days": 1e999}', "nul\0l", '"\\ud800"'],
)
def test_hostile_json_is_an_error_at_the_field(client: Client, hostile: str) -> None:
    page = refused(client, typed("shop.mail") | {"arguments": hostile})
    assert errors_shown_at("arguments", page)


def test_saving_it_unchanged_changes_nothing(client: Client) -> None:
    user = User.objects.get()
    made = FunctionJob.objects.create(
        name="g", function="shop.greet", arguments={"user": user.pk}, hour="3"
    )
    saved = save(client, made)
    assert saved.arguments == {"user": user.pk}
    saved = save(client, made, **{"arguments-on": "2026-03-04"})
    assert saved.arguments == {"user": user.pk, "on": date(2026, 3, 4).isoformat()}


def test_a_function_that_is_gone_is_shown_with_its_arguments_and_another_can_be_chosen(
    client: Client,
) -> None:
    gone = FunctionJob.objects.create(name="g", function="shop.gone", arguments={"a": 1}, hour="3")
    page = client.get(change_url(gone)).content.decode()
    assert "shop.gone (can&#x27;t be chosen)" in page
    sent = Browser(page).sent
    again = client.post(change_url(gone), sent)
    assert "isn&#x27;t here" in errors_shown_at("function", again.content.decode())
    sent |= {"function": ["shop.rest"], "arguments": [""]}
    assert client.post(change_url(gone), sent).status_code == 302
    gone.refresh_from_db()
    assert (gone.function, gone.arguments) == ("shop.rest", {})


def test_arguments_that_are_stored_but_not_taken_are_told(client: Client) -> None:
    old = FunctionJob.objects.create(name="o", function="shop.rest", arguments={"a": 1}, hour="3")
    page = client.get(change_url(old)).content.decode()
    assert "Stored, but no parameter of this function: a." in words(page)


def test_a_list_says_in_words_what_is_called(client: Client) -> None:
    FunctionJob.objects.create(
        name="m", function="shop.mail", arguments={"days": 7, "to": "<b>"}, hour="3"
    )
    page = client.get(FUNCTION_JOBS).content.decode()
    assert cell(page, "call") == "mail(days=7, to=&quot;&lt;b&gt;&quot;)"
    assert "<b>" not in page


def test_the_inputs_of_a_chosen_function_come_as_a_piece_of_the_page(client: Client) -> None:
    answer = client.post(f"{FUNCTION_JOBS}inputs/", {"function": "shop.mail"}).json()
    assert 'name="arguments-days"' in answer["html"]
    assert "time_limit" in answer["html"]
    assert client.post(f"{FUNCTION_JOBS}inputs/", {"function": "os.system"}).status_code == 403
    assert client.get(f"{FUNCTION_JOBS}inputs/").status_code == 405


def test_run_now_asks_for_other_arguments_and_not_for_another_function(client: Client) -> None:
    made = FunctionJob.objects.create(
        name="m", function="shop.mail", arguments={"days": 7}, hour="3"
    )
    url = f"{FUNCTION_JOBS}{made.pk}/run/"
    page = client.get(url).content.decode()
    assert 'name="function"' not in page
    sent = Browser(page).sent
    assert sent["arguments-days"] == ["7"]
    client.post(url, {**sent, "arguments-days": "9", "function": "shop.rest"})
    assert Execution.objects.get().parameters == {"arguments": {"days": 9}}
    refused = client.post(url, {**sent, "arguments-days": "0"})
    assert errors_shown_at("arguments-days", refused.content.decode())
