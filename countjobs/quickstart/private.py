"""Files that only their owner may read: the database, and the first password.

Sessions and hashes of passwords are in the database; who reads it can become anybody. A file is
made with the mode that it is to have: there is no moment in which others could open it.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from django.db import connection

PASSWORD_FILE = ".quickstart_password"  # noqa: S105  # a name

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_BESIDE = ("", "-wal", "-shm", "-journal")
"""The files of a database of SQLite. It makes the later ones with the mode of the first."""


def database_file() -> Path | None:
    """The file that is the database; None where it is on a server, or in memory."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name)


def keep_database_private() -> list[Path]:
    """Make the database's file, if there is none, and shut others out of those that are there.

    Returns those that others could read until now. Raises OSError where that can't be changed.
    """
    file = database_file()
    if file is None:
        return []
    with suppress(OSError):  # it is there, or can't be made, which SQLite puts into words
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    files = [file.with_name(f"{file.name}{ending}") for ending in _BESIDE]
    return [each for each in files if _shut_others_out(each)]


def _shut_others_out(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    if not stat.S_ISREG(mode) or not mode & _OTHERS:
        return False
    file.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    return True


def keep_password(password: str) -> Path:
    """Write a password into a file beside the database, or else here. Raises OSError."""
    file = database_file()
    kept = (file.parent if file else Path.cwd()) / PASSWORD_FILE
    # Of mode 0600. Only then it gets the name that somebody else may have taken or linked.
    descriptor, draft = tempfile.mkstemp(dir=kept.parent, prefix=f"{PASSWORD_FILE}.")
    try:
        with os.fdopen(descriptor, "w") as opened:
            opened.write(f"{password}\n")
        Path(draft).replace(kept)
    except OSError:
        Path(draft).unlink()
        raise
    return kept
