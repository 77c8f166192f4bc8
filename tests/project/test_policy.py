"""The Content-Security-Policy of the project, and the icon that browsers ask for by themselves."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django import Settings

from project.policy import POLICY, content_security_policy
from tests.support.people import client_of

HEADER = "Content-Security-Policy"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["/admin/", "/admin/login/", "/admin/countjobs/execution/overview/", "/nothing/"]
)
def test_every_answer_has_the_policy(url: str) -> None:
    for client in (Client(), client_of("superuser")):
        assert client.get(url).headers[HEADER] == POLICY


def test_the_policy_lets_no_page_load_what_is_within_it_or_elsewhere() -> None:
    sources = {word for part in POLICY.split("; ") for word in part.split()[1:]}
    assert sources == {"'none'", "'self'"}
    assert POLICY.startswith("default-src 'none'")


def answered(status: int, **headers: str) -> HttpResponse:
    response = HttpResponse(status=status, headers=headers)
    answer = content_security_policy(lambda _request: response)(HttpRequest())
    assert isinstance(answer, HttpResponse)
    return answer


def test_a_view_may_have_a_policy_of_its_own() -> None:
    assert answered(200, **{HEADER: "default-src 'self'"}).headers[HEADER] == "default-src 'self'"


def test_djangos_pages_for_debugging_may_have_their_styles(settings: Settings) -> None:
    assert HEADER in answered(500).headers
    settings.DEBUG = True
    assert HEADER not in answered(500).headers
    assert HEADER in answered(200).headers


def test_there_is_an_icon(client: Client) -> None:
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    path = re.sub("^/static/", "", response.headers["Location"])
    assert finders.find(path), path
