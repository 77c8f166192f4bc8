"""Issue 8, line 19: on admin sites of one's own, every link leads to the site it is shown on."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import clear_url_caches

from countjobs.admin.links import site_of
from countjobs.models import CountJob, ParkedJob
from countjobs.models.executions import Status
from tests.support.definition_form import form_values
from tests.support.factories import NOON, make_execution, make_node
from tests.support.people import client_of
from tests.support.transfers import document, entry

pytestmark = pytest.mark.django_db

_LINK = re.compile(
    r"""<(a|form|button|div|script|input)\b[^>]*?\b(href|action|formaction|data-countjobs-refresh)="([^"]+)\""""
)
_OTHERS = ("/static/", "/jsi18n/", "/logout/", "/password_change/", "/r/")
PLACES = [
    *(("tests.support.sites", place) for place in ("/admin/", "/backstage/ops/", "/small/")),
    *(("tests.support.sites_alone", place) for place in ("/mine/", "/small/")),
]


@pytest.fixture(autouse=True)
def definition(settings: Any) -> Any:
    """One of each, in which there is something to link to, and a broken one for the banner."""
    definition = CountJob.objects.create(name="first")
    CountJob.objects.update(hour="99")
    ParkedJob.objects.create(
        job_id=CountJob.objects.create(name="b").job_id, error="e", parked_at=NOON
    )
    for status in Status:
        make_execution(status, job_id=definition.job_id, job_name="first", started_at=NOON)
    make_node()
    yield definition
    clear_url_caches()


def links_of(page: str, address: str) -> set[str]:
    """The addresses that a page names, but for those that are of no site."""
    found = {urljoin(address, unescape(each[3])) for each in _LINK.finditer(page)}
    return {each for each in found if not any(part in each for part in _OTHERS)}


def shape_of(address: str) -> str:
    """The page, whatever row it is of, and whatever it is filtered by."""
    return re.sub(r"/[^/]*[0-9][^/]*/", "/N/", urlsplit(address).path)


@pytest.mark.parametrize(("urls", "place"), PLACES)
def test_every_page_that_links_lead_to_is_there_and_is_the_sites_own(
    urls: str, place: str, settings: Any
) -> None:
    settings.ROOT_URLCONF = urls
    client = client_of("superuser")
    seen, queue = {""}, [place]
    while queue:
        address = queue.pop(0)
        response = client.get(address)
        if response.status_code == 405:  # a button's
            continue
        assert response.status_code in {200, 302}, address
        for each in links_of(response.content.decode(), address) - {"/"}:
            assert each.startswith(place), (address, each)
            if (shape := shape_of(each)) not in seen:
                seen.add(shape)
                queue.append(each)
    shapes = {shape.removeprefix(place) for shape in seen}
    assert {"countjobs/countjob/N/run/", "countjobs/countjob/import/"} <= shapes


def posted(client: Client, address: str, data: dict[str, Any]) -> Any:
    response = client.post(address, data)
    assert response.status_code in {200, 302}, address
    return response


@pytest.mark.parametrize(("urls", "place"), PLACES)
def test_what_is_done_leads_back_to_the_site(
    urls: str, place: str, settings: Any, definition: CountJob
) -> None:
    settings.ROOT_URLCONF = urls
    client = client_of("superuser")
    jobs = f"{place}countjobs/countjob/"
    ticked = {"_selected_action": [definition.pk]}
    text = document(entry("imported"))
    posts: list[tuple[str, dict[str, Any]]] = [
        (f"{jobs}{definition.pk}/run/", {"messages": "{}", "count": "1"}),
        (f"{jobs}{definition.pk}/pause/", {}),
        (f"{jobs}{definition.pk}/resume/", {}),
        (f"{jobs}{definition.pk}/enabled/", {"enabled": "0"}),
        (f"{jobs}add/", form_values({"name": "new"})),
        *(
            (jobs, {"action": name, **ticked})
            for name in ("run_now", "pause", "resume", "duplicate")
        ),
    ]
    for address, data in posts:
        response = posted(client, address, data)
        assert response.status_code == 302, address
        assert urljoin(address, response.headers["Location"]).startswith(place)
    told = client.get(jobs).content.decode()
    assert all(each.startswith(place) for each in links_of(told, jobs) if each != "/")
    assert posted(client, f"{jobs}import/", {"text": text}).status_code == 200


def test_a_page_of_a_users_own_is_of_the_site_that_its_address_names(
    settings: Any, rf: Any
) -> None:
    from tests.support.sites import ops  # noqa: PLC0415  # other tests have Django's site alone

    request: HttpRequest = rf.get("/")
    request.current_app = "ops"
    assert site_of(request) is ops
