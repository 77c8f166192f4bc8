"""`quickstart`: what it says, what it serves, and how it ends."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from countjobs.management.commands import quickstart
from countjobs.models import CountJob
from countjobs.quickstart import firsttime, serving
from tests.support.quickstarts import QuickStart, quickstart_in

# The address


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.django_db
def test_a_port_that_is_taken_is_reported_before_anything_is_done(taken_port: int) -> None:
    words = f"Port {taken_port} is taken by another program; try --port {taken_port + 1}."
    with pytest.raises(CommandError, match=f"^{re.escape(words)}$"):
        call_command("quickstart", port=taken_port)
    assert not User.objects.exists()
    assert not CountJob.objects.exists()


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("no such host", "Name or service not known"),
        ("192.0.2.1", "Cannot assign requested address"),
    ],
)
def test_an_address_that_cannot_be_had_is_reported(host: str, reason: str) -> None:
    with pytest.raises(CommandError, match=f"^Can't listen on {host}, port 8000: .*{reason}"):
        serving.web_server(Mock(), host, 8000)


@pytest.mark.parametrize(
    ("port", "reason"),
    [("65536", "is not a port"), ("-1", "is not a port"), ("http", "invalid int value")],
)
def test_what_is_no_port_is_refused(port: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("quickstart", f"--port={port}")


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("pi.home", "pi.home")],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, shown: str) -> None:
    server = Mock(effective_port="8000")
    assert serving.url_of(host, server) == f"http://{shown}:8000/admin/"


# The command's words


@pytest.mark.django_db
def test_what_a_user_model_lacks_is_told_before_the_migration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = StringIO()
    monkeypatch.setattr(serving, "web_server", Mock())
    monkeypatch.setattr(serving, "Serving", Mock(return_value=Mock(has_ended=False)))
    monkeypatch.setattr(firsttime, "obstacle", lambda: "it lacks a name")
    monkeypatch.setattr(quickstart, "call_command", lambda name, **_: said.write(f"{name}\n"))
    call_command("quickstart", stdout=said)
    before, _, after = said.getvalue().partition("migrate\n")
    assert "No first user will be created: it lacks a name." in before
    assert "No user was created: it lacks a name. Create one with\n" in after


def test_a_missing_web_server_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "waitress", None)
    with pytest.raises(CommandError, match="pip install waitress"):
        call_command("quickstart")


@pytest.mark.django_db
def test_a_web_server_that_fails_ends_the_scheduler_beside_it_and_the_status_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kill = Mock()
    monkeypatch.setattr(os, "kill", kill)
    website = serving.Serving(Mock(run=Mock(side_effect=OSError("too many open files"))))
    with pytest.raises(OSError, match="too many open files"):
        website.run()
    kill.assert_called_once_with(os.getpid(), signal.SIGTERM)
    monkeypatch.setattr(serving, "web_server", Mock())
    monkeypatch.setattr(serving, "Serving", Mock(return_value=website))
    monkeypatch.setattr(website, "start", Mock())
    monkeypatch.setattr(quickstart, "call_command", Mock())
    with pytest.raises(CommandError, match="ended by itself"):
        call_command("quickstart", stdout=StringIO())


# Real processes


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


def rows(directory: Path, sql: str) -> list[tuple[str | int]]:
    with closing(sqlite3.connect(directory / "db.sqlite3", timeout=20)) as opened:
        return opened.execute(sql).fetchall()


def assert_ended_in_order(directory: Path) -> None:
    """The scheduler has said goodbye, and no run was cut off."""
    assert rows(directory, "SELECT state FROM countjobs_schedulernode") == [("stopped",)]
    ended = "SELECT DISTINCT status FROM countjobs_execution WHERE status <> 'queued'"
    assert rows(directory, ended) == [("succeeded",)]


@pytest.mark.process
def test_one_command_leads_from_nothing_to_runs_in_the_admin(tmp_path: Path) -> None:
    with quickstart_in(tmp_path) as started:
        started.wait_for("Loaded the example “count three”: it runs every 5 seconds.")
        url, user, password = started.greeting().values()
        started.wait_for("executed successfully", 20)
        started.wait_for("scheduled at")  # by then, the first one is written
        files = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        names = ("db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", firsttime.PASSWORD_FILE)
        assert files == dict.fromkeys(names, 0o600)  # nobody else can read what it made

        browser = Browser()
        page = browser.log_in(url, user, password)
        assert "Site administration" in page
        css = re.search(r'href="(/static/admin/css/base[^"]*\.css)"', page)
        assert css is not None
        assert "body" in browser.open(urllib.parse.urljoin(url, css[1]))

        runs = urllib.parse.urljoin(url, "/admin/countjobs/execution/")
        ended = browser.open(f"{runs}?status__exact=succeeded")
        first = re.search(r"/admin/countjobs/execution/(\d+)/", ended)
        assert first is not None
        page = browser.open(f"{runs}{first[1]}/change/")
        output = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
        assert output is not None
        assert [line.rpartition(" INFO ")[2] for line in output[1].strip().splitlines()] == [
            *("0", "1", "2", "3 count finished."),
            *("one, one count.", "two, two count.", "three, three count."),
        ]
        assert re.search(r"\d\d:\d\d:\d[05] UTC", page)

        started.signal(signal.SIGINT)
        assert started.exit_status() == 0
    assert_ended_in_order(tmp_path)


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.process
def test_killed_it_leaves_nothing_behind_and_a_second_start_keeps_everything(
    tmp_path: Path,
) -> None:
    with quickstart_in(tmp_path) as started:
        url, user, password = started.greeting().values()
        started.wait_for("executed successfully")
        assert children_of(started.process.pid) == []  # who could live on
        started.signal(signal.SIGKILL)
        assert started.exit_status() == -signal.SIGKILL
    place = urllib.parse.urlsplit(url)
    socket.create_server((place.hostname or "", place.port or 0)).close()  # the port is free
    with quickstart_in(tmp_path) as again:
        again.wait_for("Kept the existing definitions.")
        url = again.value("Address")
        assert "manage.py changepassword admin" in again.wait_for("Password:")
        again.wait_for("executed successfully")
        assert "Site administration" in Browser().log_in(url, user, password)
        again.signal(signal.SIGTERM)
        assert again.exit_status() == 0


@pytest.mark.process
def test_a_terminal_shows_the_password_and_its_end_is_the_quick_starts(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    # A session's first terminal is the one whose end it is told of.
    code = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    code += "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, QuickStart.command)],
        env=os.environ
        | {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "project.settings",
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        seen = b""
        while b"executed successfully" not in seen:
            seen += os.read(ours, 65_536)
        assert re.search(rb"Password:  \w{16}\r\n", seen)
        assert not (tmp_path / firsttime.PASSWORD_FILE).exists()
        os.close(ours)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(60)
    assert_ended_in_order(tmp_path)


@pytest.mark.process
def test_a_database_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").mkdir()
    with quickstart_in(tmp_path) as started:
        started.wait_for("The database can't be used: unable to open database file")
        assert started.exit_status() == 1
