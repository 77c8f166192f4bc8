"""The project's settings: what the environment says, and what they refuse."""

import multiprocessing
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import django
import pytest
from django.core.exceptions import ImproperlyConfigured

from project import environment
from tests.support.env_names import NAMES
from tests.support.paths import ROOT
from tests.support.project_commands import manage

LONG_KEY = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_variable_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, " ")
    with pytest.raises(ImproperlyConfigured, match=f"{name} is set, but empty"):
        environment.read(name)


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"DEBUG": "maybe"}, "DEBUG must be true or false, not 'maybe'."),
        ({"TIME_ZONE": "Mars/Base"}, "TIME_ZONE must be a time zone's name"),
        (
            {"DATABASE_URL": "mysql://h/n"},
            "DATABASE_URL must begin with postgres:// or sqlite:///.",
        ),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is set, but empty."),
        ({"STATIC_ROOT": "static"}, "STATIC_ROOT must be a full path, beginning with /"),
        ({"EMAIL_URL": "mail.example.com"}, "EMAIL_URL must be like smtp+tls://USER:PASSWORD@"),
        ({"EMAIL_URL": "smtp://:secret@/"}, "EMAIL_URL must be like smtp+tls://USER:PASSWORD@"),
        ({"EMAIL_URL": "smtp://h:none"}, "EMAIL_URL must be like smtp+tls://USER:PASSWORD@"),
        ({"SECRET_KEY_FALLBACKS": " "}, "SECRET_KEY_FALLBACKS is set, but empty."),
        (
            {"DATABASE_URL": "postgres://h/n"},
            "SECRET_KEY must be set where DATABASE_URL names a server.",
        ),
    ],
)
def test_a_wrong_variable_stops_the_start_with_one_line(
    variables: dict[str, str], complaint: str
) -> None:
    ran = manage("check", **variables)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"The settings are wrong: {complaint}")
    assert len(ran.stderr.splitlines()) == 1


def test_the_traceback_of_a_wrong_variable_is_shown_on_request() -> None:
    assert "Traceback" in manage("check", "--traceback", DEBUG="maybe").stderr


@pytest.mark.parametrize(
    "database", ["postgres://jobs:secret@db.example.com/jobs", "sqlite:////tmp/countjobs.sqlite3"]
)
def test_the_deployment_check_is_silent_with_the_documented_variables(database: str) -> None:
    if django.VERSION >= (6, 1) and database.startswith("postgres"):
        pytest.skip("Django 6.1 asks the server itself what generated columns it has")
    ran = manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        DATABASE_URL=database,
        SECRET_KEY=LONG_KEY,
        ALLOWED_HOSTS="jobs.example.com",
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "no issues" in ran.stdout


def test_debug_is_off_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEBUG", raising=False)
    assert environment.read_bool("DEBUG") is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in ("true", "1", "Yes", " on ")),
        *((text, False) for text in ("false", "0", "NO", "off")),
    ],
)
def test_a_truth_value_is_read(text: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", text)
    assert environment.read_bool("DEBUG") is expected


def test_hosts_are_parted_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "jobs.example.com, 10.0.0.7")
    assert environment.read_hosts("ALLOWED_HOSTS") == ["jobs.example.com", "10.0.0.7"]


@pytest.mark.parametrize("text", ["https://jobs.example.com", "a,,b", "a b", "a,"])
def test_what_is_no_host_name_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", text)
    with pytest.raises(ImproperlyConfigured, match="must be host names separated by commas"):
        environment.read_hosts("ALLOWED_HOSTS")


@pytest.mark.parametrize("name", ["Asia/Tokyo", "UTC", "Australia/Lord_Howe"])
def test_a_time_zone_is_taken_by_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_ZONE", name)
    assert environment.read_time_zone("TIME_ZONE") == name


@pytest.mark.parametrize("name", ["JST+9", "Asia", "asia/tokyo", "../etc/passwd", "/etc/localtime"])
def test_what_is_no_time_zone_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_ZONE", name)
    with pytest.raises(ImproperlyConfigured, match="must be a time zone's name"):
        environment.read_time_zone("TIME_ZONE")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The default database, in a directory whose name would break a URL."""
    directory = tmp_path / "50% of #1?"
    directory.mkdir()
    return directory / "db.sqlite3"


def test_the_default_database_is_a_file_of_the_project(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    database = environment.read_database("DATABASE_URL", file)
    assert database["NAME"] == str(file)
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("url", "name"), [("sqlite:///other.db", "{0}/other.db"), ("sqlite:////var/o.db", "/var/o.db")]
)
def test_a_relative_file_does_not_depend_on_the_current_directory(
    url: str, name: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    found = environment.read_database("DATABASE_URL", file)["NAME"]
    assert found == name.format(file.parent)


def test_a_url_may_change_the_options_of_sqlite(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db?timeout=5")
    options = environment.read_database("DATABASE_URL", file)["OPTIONS"]
    assert (options["timeout"], options["transaction_mode"]) == (5, "IMMEDIATE")


def test_connections_to_postgresql_are_kept_and_looked_at(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgres://jobs:p%40ss@db.example.com:6432/jobs?sslmode=require"
    monkeypatch.setenv("DATABASE_URL", url)
    database = environment.read_database("DATABASE_URL", file)
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"], database["PORT"]) == ("jobs", "p@ss", 6432)
    assert database["OPTIONS"] == {"connect_timeout": 10, "sslmode": "require"}
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (60, True)


def test_a_pool_of_connections_is_not_doubled(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example.com/jobs?pool=true")
    assert environment.read_database("DATABASE_URL", file)["CONN_MAX_AGE"] == 0


@pytest.mark.parametrize(
    "url",
    [
        *("postgres://u:secret@h:port/n", "postgres://u:secret@h", "mysql://u:secret@h/n"),
        *("sqlite://", "sqlite://:memory:", "sqlite://db.sqlite3", "db.sqlite3", "postgres"),
    ],
)
def test_what_is_no_database_is_refused_without_repeating_a_password(
    url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL ") as caught:
        environment.read_database("DATABASE_URL", file)
    assert "secret" not in str(caught.value)


def test_a_secret_key_is_made_once_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    file = tmp_path / ".secret_key"
    key = environment.read_secret_key("SECRET_KEY", file)
    assert len(key) >= 50
    assert environment.read_secret_key("SECRET_KEY", file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_secret_key_that_others_could_read_is_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    file = tmp_path / ".secret_key"
    file.write_text("copied from elsewhere")
    file.chmod(0o644)
    assert environment.read_secret_key("SECRET_KEY", file) == "copied from elsewhere"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_the_secret_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    files = [tmp_path / f"{number}" for number in range(20)]
    # Not multiprocessing's Pool: that ends its processes with SIGTERM, and waits for ever for one
    # in which something (coverage, say) catches that signal just before it waits for work.
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = [list(pool.map(_key_of, [file] * 4, timeout=60)) for file in files]
    assert all(len(set(keys)) == 1 and len(keys[0]) >= 50 for keys in found)


def _key_of(file: Path) -> str:
    return environment.read_secret_key("SECRET_KEY", file)


def test_an_empty_file_is_no_secret_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    (tmp_path / "key").touch()
    with pytest.raises(ImproperlyConfigured, match="is empty: delete it, or set SECRET_KEY"):
        environment.read_secret_key("SECRET_KEY", tmp_path / "key")


def test_a_directory_that_cannot_hold_the_secret_key_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    with pytest.raises(ImproperlyConfigured, match=r"^Set SECRET_KEY: none can be kept in"):
        environment.read_secret_key("SECRET_KEY", tmp_path / "missing" / "key")


SERVER = "postgres://u@db.example.com/jobs"


@pytest.mark.parametrize(
    ("query", "disabled"),
    [
        ("", False),
        ("?disable_server_side_cursors=true", True),
        ("?disable_server_side_cursors=0&sslmode=require", False),
        ("?disable_server_side_cursors=Yes", True),
    ],
)
def test_server_side_cursors_can_be_disabled(
    query: str, disabled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 8, line 18: for PgBouncer in transaction mode."""
    monkeypatch.setenv("DATABASE_URL", SERVER + query)
    read = environment.read_database("DATABASE_URL", ROOT / "db.sqlite3")
    assert read["DISABLE_SERVER_SIDE_CURSORS"] is disabled
    assert "disable_server_side_cursors" not in read["OPTIONS"]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (f"{SERVER}?disable_server_side_cursors=perhaps", "must be true or false"),
        (f"{SERVER}?disable_server_side_cursors=1&disable_server_side_cursors=0", "must be true"),
        ("sqlite:////tmp/a?disable_server_side_cursors=true", "is for PostgreSQL only"),
    ],
)
def test_a_wrong_word_for_server_side_cursors_is_refused(
    url: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 8, line 18."""
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=f"DATABASE_URL: disable_.* {complaint}"):
        environment.read_database("DATABASE_URL", ROOT / "db.sqlite3")
