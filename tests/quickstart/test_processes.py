"""`quickstart` as a whole, in real processes: what it serves, and how it ends."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.quickstarts import QuickStart
from tests.support.waiting import wait_until

STUB = "tests.stub.settings"
StartQuickStart = Callable[[str], QuickStart]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartQuickStart]:
    started: list[QuickStart] = []

    def start_it(stub: str) -> QuickStart:
        started.append(QuickStart(tmp_path / "db.sqlite3", STUB, STUB=stub))
        return started[-1]

    yield start_it
    for each in started:
        each.clean_up()


def scheduler_pid(quickstart: QuickStart) -> int:
    found = re.search(r"scheduler (\d+) is ready", quickstart.wait_for("is ready"))
    assert found is not None
    return int(found[1])


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Browser:
    """Just enough of one to log in."""

    def __init__(self) -> None:
        self.cookies = http.cookiejar.CookieJar()
        processor = urllib.request.HTTPCookieProcessor(self.cookies)
        self._opener = urllib.request.build_opener(processor)

    def open(self, url: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with self._opener.open(url, data, timeout=60) as response:
            assert response.status == 200
            return str(response.read().decode())

    def log_in(self, url: str, username: str, password: str) -> str:
        self.open(url)
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        return self.open(
            urllib.parse.urljoin(url, "/admin/login/?next=/admin/"),
            csrfmiddlewaretoken=token or "",
            username=username,
            password=password,
        )


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_serves_the_admin_until_a_signal_stops_it_and_its_scheduler(
    start: StartQuickStart, number: int
) -> None:
    quickstart = start("obey")
    url, user, password = map(quickstart.value, ("Address", "User", "Password"))
    pid = scheduler_pid(quickstart)
    browser = Browser()
    page = browser.log_in(url, user, password)
    assert "Site administration" in page
    css = re.search(r'href="(/static/admin/css/base[^"]*\.css)"', page)
    assert css is not None
    assert "body" in browser.open(urllib.parse.urljoin(url, css[1]))
    quickstart.signal(number)
    quickstart.wait_for("scheduler got SIGTERM")
    assert quickstart.exit_status() == 0
    assert not is_running(pid)
    quickstart.wait_for("Stopped.")


@pytest.mark.process
def test_a_second_run_in_the_same_place_keeps_everything(start: StartQuickStart) -> None:
    first = start("obey")
    password = first.value("Password")
    scheduler_pid(first)
    first.signal(signal.SIGINT)
    assert first.exit_status() == 0
    second = start("obey")
    url = second.value("Address")
    assert password not in second.value("Password")
    assert "Site administration" in Browser().log_in(url, "admin", password)


@pytest.mark.process
def test_a_second_signal_kills_a_scheduler_that_does_not_end(start: StartQuickStart) -> None:
    quickstart = start("deaf")
    pid = scheduler_pid(quickstart)
    quickstart.signal(signal.SIGINT)
    quickstart.wait_for("Ctrl-C again")
    quickstart.wait_for("scheduler got SIGTERM")
    assert quickstart.process.poll() is None
    quickstart.signal(signal.SIGINT)
    assert quickstart.exit_status() == 0
    wait_until(lambda: not is_running(pid))


@pytest.mark.process
def test_a_scheduler_that_ends_by_itself_is_reported(start: StartQuickStart) -> None:
    quickstart = start("die")
    quickstart.wait_for("The scheduler ended by itself, with exit status 3.")
    assert quickstart.exit_status() == 1


@pytest.mark.process
def test_a_database_that_cannot_be_used_is_reported(start: StartQuickStart, tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").mkdir()
    quickstart = start("obey")
    quickstart.wait_for("The database can't be used: unable to open database file")
    assert quickstart.exit_status() == 1


@pytest.mark.process
def test_the_example_is_seen_counting_in_the_admin(tmp_path: Path) -> None:
    quickstart = QuickStart(tmp_path / "db.sqlite3", "project.settings")
    try:
        url, user, password = map(quickstart.value, ("Address", "User", "Password"))
        quickstart.wait_for("scheduled at")
        quickstart.wait_for("executed successfully")
        quickstart.wait_for("scheduled at")  # by then, the first one is written
        browser = Browser()
        browser.log_in(url, user, password)
        runs = urllib.parse.urljoin(url, "/admin/countjobs/execution/")
        ended = browser.open(f"{runs}?status__exact=succeeded")
        first = re.search(r"/admin/countjobs/execution/(\d+)/", ended)
        assert first is not None
        page = browser.open(f"{runs}{first[1]}/change/")
        said = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
        assert said is not None
        assert [line.rpartition(" INFO ")[2] for line in said[1].strip().splitlines()] == [
            *("0", "1", "2", "3 count finished."),
            *("one, one count.", "two, two count.", "three, three count."),
        ]
        assert re.search(r"\d\d:\d\d:\d[05] UTC", page)
        quickstart.signal(signal.SIGINT)
        assert quickstart.exit_status() == 0
    finally:
        quickstart.clean_up()
