"""What a first start makes, whatever the user model, and what it keeps."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin, User
from django.db import connection, models
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite
from django.test.utils import isolate_apps

from countjobs.models import CountJob, Execution
from countjobs.quickstart import firsttime
from countjobs.triggers import CRON_DEFAULTS
from tests.app.models import Greeting

pytestmark = pytest.mark.django_db


def make_superuser() -> tuple[str, str]:
    """As at a terminal. Who may log in, and what is said about the password."""
    user, password = firsttime.superuser(on_terminal=True)
    return user.removeprefix("    User:      "), password.removeprefix("    Password:  ")


# The first user


def test_the_first_user_is_a_superuser_with_a_random_password() -> None:
    name, password = make_superuser()
    user = authenticate(username=name, password=password)
    assert user is not None
    assert user.is_superuser
    User.objects.all().delete()
    name, other = make_superuser()
    assert (name, len(other)) == ("admin", 16)
    assert other != password


def test_a_second_run_keeps_the_user_and_says_how_to_get_a_new_password() -> None:
    name, password = make_superuser()
    name, said = make_superuser()
    assert (name, said.partition("To change it: ")[2]) == (
        "admin",
        "manage.py changepassword admin",
    )
    assert authenticate(username="admin", password=password) is not None


def test_a_superuser_of_another_name_is_kept_and_named() -> None:
    User.objects.create_superuser("alice", password="x")
    assert make_superuser()[0] == "alice"
    assert User.objects.count() == 1


def test_an_ordinary_user_called_admin_is_not_given_all_rights() -> None:
    User.objects.create_user("admin")
    said = "".join(firsttime.superuser(on_terminal=True))
    assert re.match(
        r"    No user was created: django.db.utils.IntegrityError: .*manage.py createsuperuser",
        said,
    )
    assert not User.objects.filter(is_superuser=True).exists()


def test_a_superuser_who_may_not_log_in_does_not_count() -> None:
    User.objects.create_superuser("alice", password="x", is_active=False)
    assert make_superuser()[0] == "admin"


# User models of all kinds


class Manager(BaseUserManager[Any]):
    """As simple as Django's documentation has it."""

    def create_superuser(self, password: str, **fields: Any) -> None:
        user = self.model(is_superuser=True, **fields)
        user.set_password(password)
        user.save()


class NoPermissions(AbstractBaseUser):
    """Django's documentation's own example: `is_admin` stands for everything."""

    email = models.EmailField(unique=True)
    is_admin = models.BooleanField(default=False)
    USERNAME_FIELD = "email"
    objects = Manager()

    class Meta:
        abstract = True


class ByMail(AbstractBaseUser, PermissionsMixin):
    """`is_active` is no column, there is no name but the address, and the level has a default."""

    groups: Any = None
    user_permissions: Any = None
    email = models.EmailField(unique=True)
    level = models.IntegerField(default=1)
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["level"]
    objects = Manager()

    class Meta:
        abstract = True


class WithBirthday(ByMail):
    born = models.DateField()
    REQUIRED_FIELDS = ["born"]

    class Meta:
        abstract = True


class WithTeam(ByMail):
    """It says nowhere that a team is needed."""

    team = models.ForeignKey(Group, models.CASCADE, related_name="+")

    class Meta:
        abstract = True


@pytest.fixture
def as_users(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], Any]]:
    """Makes a model of a base, its table, and the model the site's."""
    made: list[Any] = []

    def use(base: Any) -> Any:
        meta = type("Meta", (), {"app_label": "app"})
        made.append(type("Account", (base,), {"__module__": __name__, "Meta": meta}))
        with connection.schema_editor() as editor:
            editor.create_model(made[-1])
        monkeypatch.setattr(firsttime, "get_user_model", lambda: made[-1])
        return made[-1]

    yield use
    for model in made:
        with connection.schema_editor() as editor:
            editor.delete_model(model)


@pytest.mark.django_db(transaction=True)
@isolate_apps("tests.app")
def test_a_model_that_lacks_nothing_gets_its_user_once(as_users: Callable[[Any], Any]) -> None:
    account = as_users(ByMail)
    assert not firsttime.obstacle()
    name, password = make_superuser()
    assert make_superuser()[0] == name == "admin@example.com"
    [made] = account._default_manager.all()
    assert made.is_superuser
    assert made.check_password(password)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("base", "known", "reason"),
    [
        (NoPermissions, True, "app.Account has no field “is_superuser”"),
        (WithBirthday, True, "app.Account also needs “born”"),
        (WithTeam, False, "django.db.utils.IntegrityError: "),
    ],
)
@isolate_apps("tests.app")
def test_one_that_lacks_something_gets_none_and_the_reason_is_told(
    base: Any, known: bool, reason: str, as_users: Callable[[Any], Any]
) -> None:
    account = as_users(base)
    assert firsttime.obstacle() == (reason if known else "")
    said, how = firsttime.superuser(on_terminal=True)
    assert said.startswith(f"    No user was created: {reason}")
    assert how.strip() == "manage.py createsuperuser"
    assert not account._default_manager.exists()


# Files for their owner only


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the settings name, though the test's rows are elsewhere."""
    file = tmp_path / "db.sqlite3"
    monkeypatch.setattr(firsttime, "connection", SQLite({**connection.settings_dict, "NAME": file}))
    return file


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_files_that_others_could_read_are_shut_with_all_that_lies_beside(database: Path) -> None:
    files = [Path(f"{database}{ending}") for ending in ("", "-wal", "-shm", "-journal")]
    for file in files:
        file.write_text("kept")
    assert {mode_of(file) for file in files} == {0o666}
    assert list(firsttime.keep_files_private()) == [
        f"Others could read {file}. Now only its owner can." for file in files
    ]
    assert {mode_of(file) for file in files} == {0o600}
    assert {file.read_text() for file in files} == {"kept"}
    assert list(firsttime.keep_files_private()) == []


def test_files_that_are_somebody_elses_are_told_of(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(file))

    database.touch()
    monkeypatch.setattr(Path, "chmod", refuse)
    [said] = firsttime.keep_files_private()
    assert re.match("Others on this machine can read the database: .*not permitted", said)


def test_without_a_terminal_the_password_is_in_a_file_for_its_owner_only(database: Path) -> None:
    list(firsttime.keep_files_private())
    file = database.parent / firsttime.PASSWORD_FILE
    theirs = database.parent / "theirs"
    theirs.write_text("")
    file.symlink_to(theirs)  # which is not followed
    _, said = firsttime.superuser(on_terminal=False)
    assert said == f"    Password:  in the file {file}"
    assert (mode_of(file), file.is_symlink(), theirs.read_text()) == (0o600, False, "")
    assert authenticate(username="admin", password=file.read_text().strip()) is not None


def test_where_no_password_can_be_kept_no_user_is_made(database: Path) -> None:
    (database.parent / firsttime.PASSWORD_FILE).mkdir()
    said, _ = firsttime.superuser(on_terminal=False)
    assert re.match("    No user was created: .*Error: .*quickstart_password", said)
    assert not User.objects.exists()


# The example


def test_the_example_is_the_articles_job() -> None:
    assert firsttime.load_example()
    job = CountJob.objects.get()
    assert (job.name, job.count) == ("count three", 3)
    assert list(job.messages.items()) == [(key, f"{key} count.") for key in ("one", "two", "three")]
    assert job.cron == dict.fromkeys(CRON_DEFAULTS, "*") | {"second": "*/5"}
    job.full_clean()


def test_an_example_that_was_edited_stays_edited() -> None:
    firsttime.load_example()
    CountJob.objects.update(name="mine", second="*/10")
    assert not firsttime.load_example()
    assert [(job.name, job.second) for job in CountJob.objects.all()] == [("mine", "*/10")]


def test_an_example_that_was_deleted_after_it_ran_stays_deleted() -> None:
    firsttime.load_example()
    job_id = CountJob.objects.get().job_id
    Execution.objects.create(job_id=job_id, job_name="x", scheduled_at=datetime.now(UTC))
    CountJob.objects.all().delete()
    assert not firsttime.load_example()
    assert not CountJob.objects.exists()


def test_the_example_is_not_loaded_beside_definitions_of_another_kind() -> None:
    Greeting.objects.create(name="hello", greeted="world")
    assert not firsttime.load_example()
