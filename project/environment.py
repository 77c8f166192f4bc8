"""What the environment says, read strictly: a value that is wrong, or empty, stops the start.

An empty value is never taken for an unset one: it is what a forgotten secret or a misspelt
`${VARIABLE}` leaves behind. Every error is an ImproperlyConfigured of one line.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

_TRUTHS = {"true": True, "1": True, "yes": True, "on": True}
_TRUTHS |= {"false": False, "0": False, "no": False, "off": False}
_MAIL_PORTS = {"smtp": 25, "smtps": 465, "smtp+tls": 587}
_MAIL_SECONDS = 10
_NO_CURSORS = "disable_server_side_cursors"
"""Of DATABASE_URL's query: Django's setting for poolers in transaction mode."""


def read(name: str) -> str | None:
    """A variable's text; None where it is not set. Raises ImproperlyConfigured."""
    text = os.environ.get(name)
    if text is not None and not text.strip():
        raise ImproperlyConfigured(f"{name} is set, but empty. Give it a value, or unset it.")
    return text


def read_bool(name: str) -> bool:
    """Whether a variable says yes; unset, it says no. Raises ImproperlyConfigured."""
    text = read(name) or "false"
    try:
        return _TRUTHS[text.strip().lower()]
    except KeyError:
        raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}.") from None


def read_hosts(name: str) -> list[str]:
    """Host names, separated by commas. Raises ImproperlyConfigured."""
    hosts = [host.strip() for host in (read(name) or "").split(",")]
    if hosts == [""]:
        return []
    for host in hosts:
        if not host or "/" in host or " " in host:
            raise ImproperlyConfigured(
                f"{name} must be host names separated by commas, such as "
                f"“jobs.example.com,10.0.0.7”; {host!r} is not one."
            )
    return hosts


def read_words(name: str) -> list[str]:
    """Words, separated by spaces; none where the variable is unset. Raises ImproperlyConfigured."""
    return (read(name) or "").split()


def read_directory(name: str) -> str | None:
    """A directory's full path; None where the variable is unset. Raises ImproperlyConfigured."""
    path = read(name)
    if path is not None and not Path(path).is_absolute():
        raise ImproperlyConfigured(f"{name} must be a full path, beginning with /, not {path!r}.")
    return path


def read_text(name: str) -> str:
    """A variable's text; "" where it is not set. Raises ImproperlyConfigured."""
    return (read(name) or "").strip()


def read_mail_server(name: str) -> dict[str, Any]:
    """What an address like `smtp://USER:PASSWORD@HOST:PORT` says, as the options of Django's SMTP
    backend; `smtps://` encrypts from the beginning, and `smtp+tls://` after STARTTLS. None where
    the variable is unset. Raises ImproperlyConfigured, which doesn't quote the password.
    """
    text = read(name)
    if text is None:
        return {}
    try:
        url = urlsplit(text.strip())
        port = url.port or _MAIL_PORTS[url.scheme]
    except (KeyError, ValueError):
        url = None
    if url is None or not url.hostname:
        raise ImproperlyConfigured(
            f"{name} must be like smtp+tls://USER:PASSWORD@HOST:PORT, with smtp, smtps or smtp+tls."
        )
    return {
        "host": url.hostname,
        "port": port,
        "username": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "use_tls": url.scheme == "smtp+tls",
        "use_ssl": url.scheme == "smtps",
        "timeout": _MAIL_SECONDS,
    }


def read_time_zone(name: str) -> str:
    """The name of a time zone; UTC where the variable is unset. Raises ImproperlyConfigured."""
    zone = read(name)
    if zone is not None and zone not in available_timezones():
        raise ImproperlyConfigured(
            f"{name} must be a time zone's name, such as UTC or Asia/Tokyo, not {zone!r}."
        )
    return zone or "UTC"


def read_database(name: str, default_file: Path) -> dict[str, Any]:
    """What goes into DATABASES; SQLite where the variable is unset. Raises ImproperlyConfigured."""
    url = read(name)
    if url is None:
        return _sqlite({"NAME": str(default_file)}, default_file.parent)
    scheme = url.partition(":")[0]
    # Passwords are part of URLs, so no message repeats one.
    if scheme not in {"postgres", "postgresql", "sqlite"}:
        raise ImproperlyConfigured(f"{name} must begin with postgres:// or sqlite:///.")
    try:
        parsed: dict[str, Any] = {**dj_database_url.parse(url)}
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} can't be read: {error}") from None
    no_cursors = _pop_bool(f"{name}: {_NO_CURSORS}", parsed.get("OPTIONS", {}))
    if parsed["NAME"] in {"", ":memory:"}:
        # Memory is not shared: the scheduler would look into a database of its own.
        raise ImproperlyConfigured(f"{name} must name a database: …/NAME, or sqlite:///FILE.")
    if scheme == "sqlite":
        if no_cursors is not None:
            raise ImproperlyConfigured(f"{name}: {_NO_CURSORS} is for PostgreSQL only.")
        return _sqlite(parsed, default_file.parent)
    return _postgresql(parsed) | {"DISABLE_SERVER_SIDE_CURSORS": bool(no_cursors)}


def _pop_bool(name: str, options: dict[str, Any]) -> bool | None:
    """Take an option of ours out of a URL's; None where it isn't there."""
    value = options.pop(_NO_CURSORS, None)
    if value is None:
        return None
    try:
        return _TRUTHS[str(value).lower()]
    except KeyError:
        raise ImproperlyConfigured(f"{name} must be true or false.") from None


def _sqlite(parsed: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Readers beside one writer (WAL), and a writer that waits for its turn at BEGIN instead of
    failing half-way when it must upgrade its lock.

    https://docs.djangoproject.com/en/5.2/ref/databases/#sqlite-transaction-behavior
    """
    options = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        # A relative name means the same file from whatever directory a command is started.
        "NAME": str(directory / parsed["NAME"]),
        "OPTIONS": options | parsed.get("OPTIONS", {}),
    }


def _postgresql(parsed: dict[str, Any]) -> dict[str, Any]:
    """Connections are kept for a minute, and looked at before each use: a restart of the server
    costs nobody an error page. What the URL asks for (`?sslmode=require`) goes to libpq.
    """
    options = {"connect_timeout": 10} | parsed.get("OPTIONS", {})
    # Django's pool keeps connections itself, and refuses others to.
    kept = 0 if options.get("pool") else 60
    return {**parsed, "OPTIONS": options, "CONN_MAX_AGE": kept, "CONN_HEALTH_CHECKS": True}


def read_secret_key(name: str, file: Path | None) -> str:
    """The secret key: given, or else kept in a file, made at the first start.

    Without a file, the variable must be set: several machines would each make a key of their own.
    Raises ImproperlyConfigured.
    """
    key = read(name)
    if key is not None:
        return key
    if file is None:
        raise ImproperlyConfigured(f"{name} must be set where DATABASE_URL names a server.")
    try:
        key = _kept_in(file)
    except OSError as error:
        raise ImproperlyConfigured(f"Set {name}: none can be kept in {file} ({error}).") from error
    if not key:
        raise ImproperlyConfigured(f"{file} is empty: delete it, or set {name}.")
    return key


def _kept_in(file: Path) -> str:
    """The text of a file that only its owner may read, made where there is none.

    The web server and the scheduler may start at the same moment. A link appears at once with all
    that is in it, and only one process can make it: the other reads what the first one wrote.
    """
    if not file.exists():
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".secret_key.") as draft:
            draft.write(get_random_secret_key())
            draft.flush()
            with suppress(FileExistsError):  # the other was faster
                os.link(draft.name, file)
    elif (mode := file.stat().st_mode) & 0o077:  # it was copied, or written by hand
        with suppress(PermissionError):  # its owner is somebody else, who lets us read it
            file.chmod(mode & 0o700)
    return file.read_text().strip()
