"""`quickstart`: what it makes, what it keeps, and what it says."""

from __future__ import annotations

import errno
import os
import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from queue import Empty, SimpleQueue
from unittest.mock import Mock

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from countjobs.models import CountJob, Execution
from countjobs.quickstart import address, firsttime, serving
from countjobs.quickstart.serving import Happening
from countjobs.triggers import CRON_DEFAULTS
from tests.app.models import Greeting
from tests.support.paths import ROOT

# The first user


@pytest.mark.django_db
def test_the_first_user_is_a_superuser_with_a_random_password() -> None:
    login = firsttime.ensure_superuser()
    assert login is not None
    assert login.password is not None
    user = authenticate(username="admin", password=login.password)
    assert user is not None
    assert user.is_superuser
    User.objects.all().delete()
    again = firsttime.ensure_superuser()
    assert again is not None
    assert again.password != login.password


@pytest.mark.django_db
def test_a_second_run_keeps_the_user_and_the_password() -> None:
    first = firsttime.ensure_superuser()
    assert first is not None
    assert firsttime.ensure_superuser() == firsttime.Login("admin", None)
    assert authenticate(username="admin", password=first.password) is not None


@pytest.mark.django_db
def test_a_superuser_of_another_name_is_kept_and_named() -> None:
    User.objects.create_superuser("alice", password="x")
    assert firsttime.ensure_superuser() == firsttime.Login("alice", None)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_an_ordinary_user_called_admin_is_not_given_all_rights() -> None:
    User.objects.create_user("admin")
    assert firsttime.ensure_superuser() is None
    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.django_db
def test_a_superuser_who_may_not_log_in_does_not_count() -> None:
    User.objects.create_superuser("alice", password="x", is_active=False)
    login = firsttime.ensure_superuser()
    assert login is not None
    assert login.username == "admin"


# The example


@pytest.mark.django_db
def test_the_example_is_the_articles_job() -> None:
    assert firsttime.load_example()
    job = CountJob.objects.get()
    assert (job.name, job.count) == ("count three", 3)
    assert list(job.messages.items()) == [
        ("one", "one count."),
        ("two", "two count."),
        ("three", "three count."),
    ]
    assert job.cron == dict.fromkeys(CRON_DEFAULTS, "*") | {"second": "*/5"}
    job.full_clean()


@pytest.mark.django_db
def test_an_example_that_was_edited_stays_edited() -> None:
    firsttime.load_example()
    CountJob.objects.update(name="mine", second="*/10")
    assert not firsttime.load_example()
    assert [(job.name, job.second) for job in CountJob.objects.all()] == [("mine", "*/10")]


@pytest.mark.django_db
def test_an_example_that_was_deleted_after_it_ran_stays_deleted() -> None:
    firsttime.load_example()
    job_id = CountJob.objects.get().job_id
    Execution.objects.create(job_id=job_id, job_name="x", scheduled_at=datetime.now(UTC))
    CountJob.objects.all().delete()
    assert not firsttime.load_example()
    assert not CountJob.objects.exists()


@pytest.mark.django_db
def test_the_example_is_not_loaded_beside_definitions_of_another_kind() -> None:
    Greeting.objects.create(name="hello", greeted="world")
    assert not firsttime.load_example()


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
    ("host", "words"),
    [
        ("no such host", "There is no host “no such host”."),
        ("x" * 64, f"There is no host “{'x' * 64}”."),  # longer than a label of DNS
        ("192.0.2.1", "“192.0.2.1” is not an address of this machine; try --host 127.0.0.1."),
    ],
)
def test_a_host_that_cannot_be_had_is_reported(host: str, words: str) -> None:
    with pytest.raises(address.AddressError, match=f"^{re.escape(words)}$"):
        address.take_address(host, 0)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("EACCES", "Port 80 is reserved for the system; try --port 8000."),
        ("ENOBUFS", "Can't listen on 127.0.0.1, port 80: No buffer space available."),
    ],
)
def test_other_errors_of_the_system_are_put_into_words(
    number: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        code = getattr(errno, number)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(address.AddressError, match=f"^{re.escape(words)}$"):
        address.take_address("127.0.0.1", 80)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(CommandError, match="invalid port value"):
        call_command("quickstart", f"--port={port}")


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("pi.home", "pi.home")],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, shown: str) -> None:
    with address.take_address("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert address.url_of(host, listener) == f"http://{shown}:{port}/admin/"


# The command's words


@pytest.fixture
def nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countjobs.management.commands.quickstart.Command._serve", lambda *_: None)


class Terminal(StringIO):
    """Somebody who reads what is printed."""

    def isatty(self) -> bool:
        return True


def greeting(**options: object) -> str:
    said = Terminal()
    call_command("quickstart", port=0, stdout=said, **options)
    return said.getvalue()


@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_is_served")
def test_the_first_run_prints_the_password_and_the_second_how_to_get_a_new_one() -> None:
    first = greeting()
    found = re.search(r"Password: +(\w{16})\n", first)
    assert found is not None
    assert authenticate(username="admin", password=found[1]) is not None
    assert "Loaded the example “count three”: it runs every 5 seconds." in first
    second = greeting()
    assert "Password:  shown when this user was created." in second
    assert "manage.py changepassword admin" in second
    assert found[1] not in second
    assert "Kept the existing definitions." in second


@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_is_served")
def test_it_says_how_to_make_a_superuser_where_the_name_is_taken() -> None:
    User.objects.create_user("admin")
    assert "manage.py createsuperuser" in greeting()


@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_is_served")
@pytest.mark.parametrize(
    ("host", "refused"), [("127.0.0.1", False), ("127.0.0.2", True), ("0.0.0.0", False)]
)
def test_it_warns_of_a_host_that_the_site_does_not_answer(
    host: str,
    refused: bool,
    settings: Settings,
) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    assert ("will be refused" in greeting(host=host)) is refused


def test_the_scheduler_is_started_with_this_programs_settings() -> None:
    command = serving.scheduler_command("--verbosity", "3")
    assert command[-6:-2] == [
        *("--settings", "tests.settings"),
        *("--pythonpath", str(ROOT)),
    ]
    assert command[-2:] == ["--verbosity", "3"]


class Heedless(SimpleQueue[Happening]):
    """A queue at which a signal comes just before the wait: it is heeded when that has ended."""

    def get(self, block: bool = True, timeout: float | None = None) -> Happening:
        if self.empty():
            assert timeout is not None, "the signal is never heeded"
            self.put(Happening.ASKED_TO_STOP)
            raise Empty
        return super().get(block, timeout)


def test_a_signal_just_before_a_wait_is_heeded() -> None:
    happenings = Heedless()
    web, scheduler = Mock(), Mock()
    scheduler.kill.side_effect = lambda: happenings.put(Happening.SCHEDULER_ENDED)
    first = serving.serve_until_stopped(web, scheduler, happenings, lambda: None)
    assert first is Happening.ASKED_TO_STOP
    scheduler.stop.assert_called_once_with()
    scheduler.kill.assert_called_once_with()


def test_a_scheduler_that_cannot_be_waited_for_counts_as_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = Mock()
    process.wait.side_effect = ChildProcessError
    monkeypatch.setattr("subprocess.Popen", Mock(return_value=process))
    monkeypatch.setattr(threading, "excepthook", lambda _args: None)
    happenings: serving.Happenings = SimpleQueue()
    serving.SchedulerProcess(["runscheduler"], happenings)
    assert happenings.get(timeout=60) is Happening.SCHEDULER_ENDED
