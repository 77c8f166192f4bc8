"""Holding and releasing all jobs in the admin, and what every page says meanwhile."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.test import Client
from django.urls import reverse

from countjobs.admin import hold_page
from countjobs.history.holding import current_hold, hold, release
from countjobs.models import CountJob, Execution, Hold
from countjobs.models.executions import Status
from tests.support.factories import make_definition, make_execution
from tests.support.people import PERMISSIONS, client_of

pytestmark = pytest.mark.django_db

PAGE = "/admin/countjobs/execution/hold/"
RELEASE = f"{PAGE}release/"
RUNS = "/admin/countjobs/execution"
TOLD = "All jobs are held."


def messages(client: Client, address: str, data: dict[str, str]) -> list[str]:
    """What a person is told after a POST."""
    return [str(each) for each in client.post(address, data, follow=True).context["messages"]]


def held_at() -> dict[str, str]:
    found = current_hold()
    assert found is not None
    return {"held_at": found.held_at.isoformat()}


# Holding


def test_a_person_holds_all_jobs_and_says_why(client: Client) -> None:
    assert messages(client, PAGE, {"reason": "upgrade"}) == [
        "All jobs are held. Runs in progress go on."
    ]
    found = current_hold()
    assert found is not None
    assert (found.reason, found.held_by) == ("upgrade", "superuser")
    entry = LogEntry.objects.get()
    assert (entry.action_flag, entry.object_repr) == (ADDITION, "upgrade")


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2_001, "a\0b"])
def test_without_a_good_reason_nothing_is_held(client: Client, reason: str) -> None:
    page = client.post(PAGE, {"reason": reason})
    assert page.status_code == 200
    assert "errorlist" in page.text
    assert current_hold() is None
    assert not LogEntry.objects.exists()


def test_whoever_comes_second_is_told_and_changes_nothing(client: Client) -> None:
    hold("first", "ann")
    [told] = messages(client, PAGE, {"reason": "second"})
    assert told == "All jobs are held already. That hold stays as it is."
    assert Hold.objects.get().reason == "first"
    assert not LogEntry.objects.exists()


# Releasing


def test_a_person_releases_them(client: Client) -> None:
    hold("upgrade", "ann")
    assert "Release all jobs" in client.get(PAGE).text
    assert messages(client, RELEASE, held_at()) == [
        "All jobs are released. What came due is caught up."
    ]
    assert current_hold() is None
    entry = LogEntry.objects.get()
    assert (entry.action_flag, entry.object_repr) == (DELETION, "upgrade")
    assert client.get(reverse("admin:index")).status_code == 200  # it lists recent actions


def test_only_the_hold_that_was_seen_is_released(client: Client) -> None:
    hold("first")
    seen = held_at()
    release()
    hold("second")
    for data in (seen, {}, {"held_at": "nonsense"}):
        [told] = messages(client, RELEASE, data)
        assert told == "Meanwhile, somebody has held all jobs anew. See why."
    assert Hold.objects.get().reason == "second"


def test_what_is_released_already_is_no_error(client: Client) -> None:
    assert messages(client, RELEASE, {"held_at": "old"}) == ["All jobs have been released already."]


def test_who_releases_a_moment_too_late_is_told_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold("upgrade")
    monkeypatch.setattr(hold_page, "release", lambda *args, **kwargs: False)
    assert messages(client, RELEASE, held_at()) == ["All jobs have been released already."]
    assert not LogEntry.objects.exists()


def test_releasing_needs_a_post(client: Client) -> None:
    hold("upgrade")
    assert client.get(RELEASE).status_code == 405
    assert current_hold() is not None


# The banner

EVERYWHERE = (
    *("/admin/", "/admin/countjobs/", f"{RUNS}/", f"{RUNS}/overview/", f"{RUNS}/running/"),
    *(f"{RUNS}/all-jobs/", "/admin/countjobs/schedulernode/", "/admin/countjobs/parkedjob/"),
    *("/admin/countjobs/countjob/", f"{RUNS}/overview/parts/"),
)


@pytest.mark.parametrize("address", EVERYWHERE)
def test_every_page_says_so_to_everybody_who_may_see_it(address: str) -> None:
    client = client_of("viewer")
    assert TOLD not in client.get(address).text
    hold("<b>upgrade</b>", "ann <i>")
    page = client.get(address).text
    assert TOLD in page
    assert "&lt;b&gt;upgrade&lt;/b&gt;" in page
    assert "ann &lt;i&gt;" in page
    assert PAGE not in page, "a viewer may not release them"


def test_so_do_the_pages_of_a_run_and_of_a_definition() -> None:
    definition, run = make_definition(), make_execution()
    hold("upgrade")
    client = client_of("viewer")
    for address in (f"countjob/{definition.pk}", f"execution/{run.pk}"):
        assert TOLD in client.get(f"/admin/countjobs/{address}/change/").text


def test_who_may_see_no_page_is_told_nothing() -> None:
    hold("SECRET")
    assert "SECRET" not in client_of("nobody").get("/admin/").text


def test_who_may_only_hold_and_release_is_told_and_comes_back_to_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(PERMISSIONS, "holder", ("hold_jobs",))
    client = client_of("holder")
    answer = client.post(PAGE, {"reason": "upgrade"}, follow=True)
    assert "upgrade" in answer.text
    assert TOLD in answer.text
    answer = client.post(RELEASE, held_at())
    assert answer["Location"] == PAGE


def test_who_may_release_them_finds_the_page_in_the_banner() -> None:
    hold("upgrade")
    assert f'<a href="{PAGE}">Release…</a>' in client_of("holder").get("/admin/").text


def test_a_long_reason_is_folded_and_there_in_full(client: Client) -> None:
    hold("word " * 399 + "last")
    page = client.get("/admin/").text
    assert "<details>" in page
    assert "word last</bdi>" in page


def test_invisible_characters_of_a_reason_are_shown(client: Client) -> None:
    hold("up\u202egrade\nline", "a\u202eb")
    page = client.get("/admin/").text
    assert "\u202e" not in page
    assert "up\\u202egrade\nline" in page


# Links


@pytest.mark.parametrize("address", [f"{RUNS}/overview/", f"{RUNS}/all-jobs/"])
def test_the_page_is_linked_for_who_may_use_it(address: str) -> None:
    assert PAGE in client_of("holder").get(address).text
    assert PAGE not in client_of("viewer").get(address).text


# What else says so


def test_run_now_says_that_the_run_waits(client: Client) -> None:
    definition = make_definition()
    hold("upgrade")
    address = f"/admin/countjobs/countjob/{definition.pk}/run/"
    told = messages(client, address, {"count": "1", "messages": "{}"})
    assert "All jobs are held. The run waits until they are released." in told
    assert Execution.objects.get().status == Status.QUEUED


def test_resume_says_that_it_does_not_run_yet(client: Client) -> None:
    definition = make_definition(enabled=False, due=None)
    hold("upgrade")
    [told] = messages(client, f"/admin/countjobs/countjob/{definition.pk}/resume/", {})
    assert "All jobs are held: it won't run before they are released." in told


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("/admin/countjobs/countjob/", {"action": "resume", "index": "0"}),
        (f"{RUNS}/all-jobs/", {"action": "resume"}),
    ],
)
def test_so_do_those_for_several_at_once(
    client: Client, address: str, data: dict[str, str]
) -> None:
    definition = make_definition(enabled=False, due=None)
    hold("upgrade")
    chosen = {"_selected_action": str(definition.pk), "job": definition.job_id}
    told = "All jobs are held. They run once they are released."
    assert told in messages(client, address, {**data, **chosen})
    assert CountJob.objects.get().enabled
    assert told not in messages(client, address, {**data, **chosen, "action": "pause"})
