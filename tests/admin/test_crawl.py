"""Issue 8, line 41: whatever is asked, by whomever, no answer is a 500.

Every address of the site, with every method, by people of every kind; and what no browser sends:
odd headers, keys, queries, selections. What a page answers else is told by its own tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import django
import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import URLPattern, URLResolver

from countjobs.models import Execution
from tests.support.all_jobs import JOBS, QUERIES_OF_ALL_JOBS, SELECTIONS_OF_ALL_JOBS
from tests.support.asking import FORM, Asker
from tests.support.factories import make_execution
from tests.support.permissions import Rows

pytestmark = pytest.mark.django_db(transaction=True)

METHODS = ("GET", "HEAD", "POST", "DELETE")
PARTS = "multipart/form-data; boundary=x"
KEYS = ("%00", "0", "9" * 30, "-1", "_5F", "_", "x" * 2_000, "😀", "1/2", "_ED_A0_80", "..")
QUERIES = (
    *("p=-1", "p=x", "p=0", f"p={'9' * 5_000}", "p=2&p=1", "all=1", "all="),
    *("o=x", "o=-1.2.99", "o=1.1.1", f"o={'9' * 30}", "o=-", "o=.", "e=1", "e=1&q=x", "_facets=1"),
    *(
        "q=%00",
        "q=%ff",
        "q=%ED%A0%80",
        f"q={'w+' * 400}",
        f"q={'x' * 900}",
        'q="',
        "q=\\",
        "q=%25_",
    ),
    *(
        "_popup=1",
        "_to_field=id",
        "_to_field=nothing",
        "_to_field=%00",
        "nothing=1",
        "pk=1",
        "=",
        "&",
    ),
    *("_changelist_filters=%00", "_changelist_filters=p%3Dx", "_source_model=x", "%00=1"),
    *("from=2026-13-01&to=x", "from=0001-01-01&to=9999-12-31", "from=%00", f"from={'9' * 30}"),
    *(
        "since=x",
        "since=%00",
        "job=%00",
        f"job={'x' * 500}",
        "job_id=%ff",
        "job=a&job_id=b&job_id=c",
    ),
    *("outcome=x", "outcome=%00", "timezone=%00", "timezone=x", "_save=1", "action=run_now"),
)
LOOKUPS = (
    *("exact", "iexact", "in", "isnull", "range", "gt", "gte", "lt", "lte", "contains", "regex"),
    *("startswith", "iendswith", "date", "year", "hour", "isempty", "has_key", "x", "pk", ""),
)
VALUES = ("", "1", "x", "9" * 30, "%00", "%ED%A0%80", "1,2", ",", "2026-99-99", "True", "1&{0}=2")
FILTERS = {
    "countjob": ("enabled", "timezone", "name"),
    "execution": ("status", "trigger", "job_id", "since", "scheduled_at"),
    "schedulernode": ("state", "capacity"),
    "parkedjob": ("job_id", "parked_at"),
}
HEADERS: dict[str, dict[str, str]] = {
    "a parameter twice": {"CONTENT_TYPE": "text/plain; a*=utf-8''x; a*0=y"},
    "a parameter in parts": {"CONTENT_TYPE": f"{FORM}; charset*0=ut; charset*1=f-8; charset*=x''y"},
    "an unknown charset of a parameter": {"CONTENT_TYPE": "text/plain; a*=nothing''x"},
    "a charset for no text": {"CONTENT_TYPE": f"{FORM}; charset=hex"},
    "a form without a boundary": {"CONTENT_TYPE": "multipart/form-data"},
    "a long type": {"CONTENT_TYPE": f"text/plain; {'a=b;' * 5_000}"},
    "an empty type": {"CONTENT_TYPE": ";"},
    "a session with NUL": {"HTTP_COOKIE": 'sessionid="aaaaaaaa\\000b"; csrftoken=a'},
    "cookies that are none": {"HTTP_COOKIE": "=;;; \xff=\xff; messages=\xff; django_language=\xff"},
    "a language": {"HTTP_ACCEPT_LANGUAGE": f"{'x-' * 900}, *;q=\xff, en;q=1e9"},
    "another host": {"HTTP_HOST": "evil.example\xff"},
    "a length": {"CONTENT_LENGTH": "-1"},
    "a referer": {"HTTP_REFERER": "http://[\xff"},
    "dates": {"HTTP_IF_MODIFIED_SINCE": "x" * 99, "HTTP_IF_NONE_MATCH": '"', "HTTP_RANGE": "x"},
    "forwarding": {"HTTP_X_FORWARDED_PROTO": "\xff", "HTTP_X_REQUESTED_WITH": "XMLHttpRequest"},
}


def part(header: bytes) -> bytes:
    """A form of one part that has this header."""
    return b"--x\r\n" + header + b"\r\n\r\n=\r\n--x--\r\n"


BODIES = (
    (FORM, b"%00=%00&name=%ff&_selected_action=%00"),
    (FORM, b"csrfmiddlewaretoken=%ff&=&&&" + b"a=1&" * 1_001),
    (PARTS, part(b"Content-Disposition: form-data; name*=utf-8''x; name*0=y")),
    (PARTS, part(b"Content-Disposition: form-data; name=a; filename*=hex''q")),
    (PARTS, part(b"Content-Transfer-Encoding: base64")),
    ("application/json", b"{"),
)
ACTIONS = (
    *("run_now", "pause", "resume", "duplicate", "export", "cancel"),
    *("nothing", "\0", ""),
)
SELECTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"_selected_action": []},
    {"_selected_action": ["0", "-1", "9" * 30]},
    {"_selected_action": ["x", "\0", ""]},
    {"_selected_action": ["1"] * 300, "index": "9"},
    {"_selected_action": ["1"], "index": "x"},
    {"select_across": "1", "_selected_action": ["999"]},
    {"select_across": "x", "_selected_action": ["999"], "post": "yes"},
)


@pytest.fixture(autouse=True)
def _set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django, "setup", lambda **_: None)  # that was done
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["localhost"])


class Faults(list[str]):
    """The questions that a 500 was the answer to."""

    def __call__(self, asker: Asker, method: str, address: str, **more: Any) -> None:
        """Ask one."""
        if (status := asker.ask(method, address, **more)) >= 500:
            self.append(f"{status}: {method} {address[:200]} {more}")


@pytest.fixture
def faults() -> Iterator[Faults]:
    faults = Faults()
    yield faults
    assert faults == []


def addresses(key: Callable[[str], object]) -> list[str]:
    """Every address of the site, with the key that a model's pages are asked with."""
    return [f"/admin/{each}" for each in _below(admin.site.urls[0], "", key)]


def _below(
    patterns: list[URLPattern | URLResolver], under: str, key: Callable[[str], object]
) -> Iterator[str]:
    for each in patterns:
        address = f"{under}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _below(each.url_patterns, address, key)
        elif "<path:object_id>" in address:
            yield address.replace("<path:object_id>", str(key(address.split("/")[1])))
        elif "<id>" in address:
            yield address.replace("<id>", str(key(address.split("/")[1])))
        elif "^" not in address and "(" not in address and "<" not in address:
            yield address


def keys_of_rows() -> Callable[[str], object]:
    """A row of each model, and its key; what has none is asked for with 1."""
    rows = Rows()
    keys = {
        "countjob": rows.on.pk,
        "execution": rows.execution.pk,
        "schedulernode": rows.node.pk,
        "parkedjob": rows.parked.pk,
        "user": User.objects.create_user("other").pk,
        "group": Group.objects.create(name="group").pk,
    }
    return lambda model: keys.get(model, 1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", ["anonymous", "viewer", "superuser"])
def test_every_address_answers(role: str, method: str, faults: Faults) -> None:
    key = keys_of_rows()
    asker = Asker(role)
    for address in addresses(key):
        if "logout" not in address:
            faults(asker, method, address)
    assert len(addresses(key)) > 60


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_odd_headers(headers: dict[str, str], faults: Faults) -> None:
    key = keys_of_rows()
    anybody, superuser = Asker("anonymous"), Asker("superuser")
    faults(anybody, "GET", "/", **headers)
    for method in ("GET", "POST"):
        faults(anybody, method, "/admin/login/", **headers)
        faults(anybody, method, "/static/countjobs/admin.css", **headers)
    for address in addresses(key)[::7]:
        faults(superuser, "POST", address, **headers)


def test_odd_bodies(faults: Faults) -> None:
    key = keys_of_rows()
    anybody, superuser = Asker("anonymous"), Asker("superuser")
    for content_type, body in BODIES:
        faults(anybody, "POST", "/admin/login/", body=body, CONTENT_TYPE=content_type)
        for address in addresses(key):
            if "countjobs/countjob/" in address:
                faults(superuser, "POST", address, body=body, CONTENT_TYPE=content_type)


def _always(key: str, _model: str) -> str:
    return key


def test_keys_of_rows_that_there_can_not_be(faults: Faults) -> None:
    keys_of_rows()
    superuser = Asker("superuser")
    for key in KEYS:
        raw = key.replace("%00", "\0")
        for address in addresses(partial(_always, raw)):
            if "countjobs" in address and raw in address:
                method = "GET" if address.endswith(("change/", "history/", "live/")) else "POST"
                faults(superuser, method, address, data={"enabled": "0", "post": "yes"})


@pytest.mark.parametrize("model", FILTERS)
def test_odd_queries(model: str, faults: Faults) -> None:
    key = keys_of_rows()
    superuser = Asker("superuser")
    for address in addresses(key):
        is_list = address.count("/") == 4
        if f"/countjobs/{model}/" in address and "live" not in address:
            for query in QUERIES if is_list else QUERIES[::9]:
                faults(superuser, "GET", f"{address}?{query}")


def test_odd_queries_of_all_jobs(faults: Faults) -> None:
    keys_of_rows()
    superuser = Asker("superuser")
    for query in (*QUERIES, *QUERIES_OF_ALL_JOBS):
        faults(superuser, "GET", f"{JOBS}?{query}")
        faults(superuser, "POST", f"{JOBS}?{query}", data={"action": "pause", "all": "1"})


@pytest.mark.parametrize("model", FILTERS)
def test_odd_filters(model: str, faults: Faults) -> None:
    keys_of_rows()
    superuser = Asker("superuser")
    for number, name in enumerate(FILTERS[model]):
        for lookup in LOOKUPS:
            asked = f"{name}__{lookup}" if lookup else name
            for value in VALUES[number :: len(FILTERS[model])]:
                query = f"{asked}={value.format(asked)}"
                faults(superuser, "GET", f"/admin/countjobs/{model}/?{query}")


def test_odd_selections(faults: Faults) -> None:
    keys_of_rows()
    asker = Asker("superuser")
    for action in ACTIONS:
        for selection in SELECTIONS:
            data = {"action": action, **selection}
            faults(asker, "POST", "/admin/countjobs/countjob/", data=data)
            faults(asker, "POST", "/admin/countjobs/execution/", data=data)


def test_odd_selections_of_all_jobs(faults: Faults) -> None:
    keys_of_rows()
    asker = Asker("superuser")
    for action in (*ACTIONS, "export_all", "_all", "run_now_all", "export_all_all"):
        for selection in SELECTIONS_OF_ALL_JOBS:
            faults(asker, "POST", JOBS, data={"action": action, **selection})


def test_odd_runs_to_cancel(faults: Faults) -> None:
    asker = Asker("superuser")
    for value in ("", "x", "-1", "1.0", "\0", "9" * 30, "\u0663", "999", ["1"] * 900):
        for name in ("run", "only"):
            faults(asker, "POST", "/admin/countjobs/execution/running/cancel/", data={name: value})


def test_rows_that_nobody_has_validated(faults: Faults) -> None:
    """What is in a history may have been written by another version, or by hand."""
    superuser = Asker("superuser")
    for job_id in ("", ":", "countjobs.countjob:", "countjobs.countjob:x", "a:b:c", "auth.user:1"):
        run = make_execution(job_id=job_id, job_name="", trigger="unheard")
        Execution.objects.filter(pk=run.pk).update(status="unheard")
        for name in ("change", "live", "history"):
            faults(superuser, "GET", f"/admin/countjobs/execution/{run.pk}/{name}/")
        for name in ("again", "cancel"):
            faults(superuser, "POST", f"/admin/countjobs/execution/{run.pk}/{name}/")
        faults(superuser, "GET", f"/admin/countjobs/execution/?job_id={quote(job_id)}")
    for page in ("overview", "running"):
        faults(superuser, "GET", f"/admin/countjobs/execution/{page}/")
