"""A PostgreSQL of a test's own, which it may stop and start as it likes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER = "postgres"
"""Who runs it where we are root, which PostgreSQL refuses to run as."""


def programs() -> Path | None:
    """The directory of the newest PostgreSQL's programs, if there is one on this machine."""
    known = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3])
    )
    found = shutil.which("pg_ctl")
    return Path(found).resolve().parent if found else known[-1].parent if known else None


class Postgres:
    """One cluster, in a directory of its own."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self._directory = directory
        self._programs = programs
        with socket.create_server(("127.0.0.1", 0)) as server:
            self._port = server.getsockname()[1]

    @property
    def url(self) -> str:
        return f"postgres://{OWNER}@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        self._run("initdb", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        options = f"-p {self._port} -h 127.0.0.1 -k {self._directory} -F"
        self._run("pg_ctl", "start", "-w", "-o", options, "-l", str(self._directory / "log"))

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._directory / "data"), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", OWNER, "--", *command]
        subprocess.run(
            command,
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )


@contextmanager
def own_postgres(programs: Path) -> Iterator[Postgres]:
    """A cluster that runs, and is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if os.getuid() == 0:
            shutil.chown(directory, OWNER)
        postgres = Postgres(directory, programs)
        postgres.create()
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()
