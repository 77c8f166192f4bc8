"""The search for an object that a function takes: for those who may see it, and choose it."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.test import Client

from countjobs import job
from countjobs.functions.registry import Registry
from countjobs.models import FunctionJob
from tests.support.admin_pages import change_url
from tests.support.shop_functions import FUNCTION_JOBS, NEEDED, clerk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]

QUESTION = {"app_label": "", "model_name": "shop.greet", "field_name": "user", "term": "ann"}


def search(client: Client, **question: str) -> object:
    response = client.get(f"{FUNCTION_JOBS}objects/", {**QUESTION, **question})
    return response.json() if response.status_code == 200 else response.status_code


def test_it_finds_objects_by_the_search_of_their_own_pages(client: Client) -> None:
    ann = User.objects.create_user("ann")
    User.objects.create_user("bob")
    found = {"results": [{"id": str(ann.pk), "text": "ann"}], "pagination": {"more": False}}
    assert search(client) == found


@pytest.mark.parametrize(
    "question",
    [
        {"model_name": "shop.unknown"},
        {"model_name": "auth.User"},
        {"field_name": "on"},
        {"field_name": "__class__"},
        {"model_name": "shop.mail", "field_name": "days"},
    ],
)
def test_it_answers_for_nothing_but_parameters_that_are_objects(
    client: Client, question: dict[str, str]
) -> None:
    assert search(client, **question) == 403


def test_odd_words_find_nothing(client: Client) -> None:
    for term in ("\0", "%", "x" * 5_000):
        assert search(client, term=term)


def test_who_may_not_see_users_gets_neither_the_search_nor_their_names() -> None:
    client = clerk()
    User.objects.create_user("ann")
    assert search(client) == 403
    page = client.get(f"{FUNCTION_JOBS}add/?function=shop.greet").content.decode()
    assert '<input type="text" name="arguments-user"' in page
    assert "admin-autocomplete" not in page.partition("arguments-user")[2].partition(">")[0]
    assert ">ann<" not in page


def test_who_may_see_users_searches_them_in_the_form() -> None:
    page = clerk("view_user").get(f"{FUNCTION_JOBS}add/?function=shop.greet").content.decode()
    assert 'data-model-name="shop.greet"' in page
    assert f'data-ajax--url="{FUNCTION_JOBS}objects/"' in page
    without_javascript = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert without_javascript.startswith('<input type="text" name="arguments-user"')


def test_it_does_not_answer_for_a_function_that_the_person_may_not_use(
    isolated_registry: Registry,
) -> None:
    def sack(user: User) -> None:
        """Never called."""

    job(name="shop.sack", permission=NEEDED)(sack)
    assert search(clerk("view_user"), model_name="shop.sack") == 403


def test_a_key_that_no_object_has_is_refused_at_its_input(client: Client) -> None:
    sent = {"function": "shop.greet", "arguments--of": "shop.greet", "arguments-user": "999"}
    page = client.post(f"{FUNCTION_JOBS}add/", sent).content.decode()
    assert "That choice is not one of the available choices" in page


NO_KEYS = ["abc", "1.5", "9" * 30, "9" * 5_000, "\0", "٣ x", "None"]


@pytest.mark.parametrize("typed", NO_KEYS)
def test_what_can_be_no_key_is_refused_at_its_input(client: Client, typed: str) -> None:
    sent = {"function": "shop.greet", "arguments--of": "shop.greet", "arguments-user": typed}
    for person in (client, clerk("view_user")):
        response = person.post(f"{FUNCTION_JOBS}add/", sent)
        assert response.status_code == 200
        assert "That choice is not one of the available choices" in response.content.decode()


@pytest.mark.parametrize("stored", [*NO_KEYS[:-4], True, 10**30, 1.5, ["a"], {"a": 1}])
def test_the_pages_of_a_definition_show_what_is_stored_and_can_be_no_key(
    client: Client, stored: object
) -> None:
    made = FunctionJob.objects.create(
        name="odd", function="shop.greet", arguments={"user": stored}, hour="3"
    )
    assert client.get(change_url(made)).status_code == 200
    for page, sent in (("inputs", {"function": "shop.greet"}), ("run", {})):
        url = f"{FUNCTION_JOBS}{made.pk}/{page}/"
        assert client.post(url, sent).status_code == 200


def test_a_model_without_pages_is_typed_by_its_key(client: Client) -> None:
    admin.site.unregister(User)
    try:
        page = client.get(f"{FUNCTION_JOBS}add/?function=shop.greet").content.decode()
        assert '<input type="text" name="arguments-user"' in page
        assert search(client) == 403
    finally:
        admin.site.register(User, UserAdmin)
