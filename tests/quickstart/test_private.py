"""Issue 8, line 42: what quickstart writes is for its owner only."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

from countjobs.quickstart import private
from project import environment
from tests.support.quickstarts import quickstart_in

COMMAND = "countjobs.management.commands.quickstart.Command"


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the settings name."""
    file = tmp_path / "db.sqlite3"
    name_database(monkeypatch, file)
    return file


def name_database(monkeypatch: pytest.MonkeyPatch, name: Path | str) -> None:
    settings = {**connection.settings_dict, "NAME": name}
    monkeypatch.setattr(private, "connection", SQLite(settings))


def test_the_database_is_made_for_its_owner_only_at_once(database: Path) -> None:
    with umask(0):
        assert private.keep_database_private() == []
    assert mode_of(database) == 0o600


def test_one_that_others_could_read_is_shut_with_all_that_lies_beside_it(database: Path) -> None:
    files = [Path(f"{database}{ending}") for ending in ("", "-wal", "-shm", "-journal")]
    for file in files:
        file.write_text("kept")
        file.chmod(0o664)
    assert private.keep_database_private() == files
    assert {mode_of(file) for file in files} == {0o600}
    assert {file.read_text() for file in files} == {"kept"}
    assert private.keep_database_private() == []


def test_sqlite_gives_the_later_files_the_mode_of_the_first(database: Path) -> None:
    with umask(0):
        private.keep_database_private()
        with closing(sqlite3.connect(database)) as opened:
            opened.execute("PRAGMA journal_mode=WAL")
            opened.execute("CREATE TABLE x (y)")
            modes = {file.name: mode_of(file) for file in database.parent.iterdir()}
    names = ("db.sqlite3", "db.sqlite3-shm", "db.sqlite3-wal")
    assert modes == dict.fromkeys(names, 0o600)


@pytest.mark.parametrize("name", [":memory:", "file:memory?mode=memory&cache=shared"])
def test_a_database_in_memory_has_no_file(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    name_database(monkeypatch, name)
    assert private.keep_database_private() == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_stays_as_it_is(database: Path) -> None:
    database.mkdir(mode=0o755)
    assert private.keep_database_private() == []
    assert mode_of(database) == 0o755


def test_the_password_is_written_for_its_owner_only(database: Path) -> None:
    with umask(0):
        file = private.keep_password("secret")
    assert file == database.parent / private.PASSWORD_FILE
    assert (mode_of(file), file.read_text()) == (0o600, "secret\n")


def test_a_link_that_somebody_has_put_there_is_not_followed(database: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("")
    (database.parent / private.PASSWORD_FILE).symlink_to(tmp_path / "theirs")
    file = private.keep_password("secret")
    assert not file.is_symlink()
    assert (tmp_path / "theirs").read_text() == ""


def test_a_secret_key_that_others_could_read_is_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY")
    file = tmp_path / ".secret_key"
    file.write_text("copied from elsewhere")
    file.chmod(0o644)
    assert environment.read_secret_key("SECRET_KEY", file) == "copied from elsewhere"
    assert mode_of(file) == 0o600


@pytest.fixture
def nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{COMMAND}._serve", lambda *_: None)


@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_is_served")
def test_into_a_log_or_a_pipe_no_password_is_printed(database: Path) -> None:
    said = StringIO()
    call_command("quickstart", port=0, stdout=said)
    file = database.parent / private.PASSWORD_FILE
    password = file.read_text().strip()
    assert f"Password:  in the file {file}\n" in said.getvalue()
    assert password not in said.getvalue()
    assert authenticate(username="admin", password=password) is not None


@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_is_served")
def test_where_no_password_can_be_kept_no_user_is_made(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_password: str) -> Path:
        raise PermissionError(13, "Permission denied", "/there/.quickstart_password")

    monkeypatch.setattr(private, "keep_password", refuse)
    with pytest.raises(CommandError, match=r"can't be written to a file: .*Permission denied"):
        call_command("quickstart", port=0, stdout=StringIO())
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_is_served")
def test_it_says_whose_files_others_could_read(database: Path) -> None:
    database.touch()
    database.chmod(0o644)
    said = StringIO()
    call_command("quickstart", port=0, stdout=said)
    assert f"Others could read {database}. Now only its owner can.\n" in said.getvalue()


@pytest.mark.process
def test_while_it_runs_nobody_else_can_read_a_file_of_it(tmp_path: Path) -> None:
    with umask(0), quickstart_in(tmp_path) as started:
        started.greeting()
        started.wait_for("executed successfully")
        files = {each.name: mode_of(each) for each in tmp_path.iterdir()}
    assert {"db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", ".quickstart_password"} <= {*files}
    assert set(files.values()) == {0o600}, files
