"""A PostgreSQL server of a test's own, to be restarted at will."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """Where pg_ctl and initdb are: on the PATH, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


class Cluster:
    """A server in a directory of its own."""

    def __init__(self, binaries: Path, directory: Path) -> None:
        self.binaries = binaries
        self.directory = directory
        # PostgreSQL refuses to run as root; its packages bring a user for it.
        self.user = "postgres" if getpass.getuser() == "root" else None
        if self.user:
            shutil.chown(directory, self.user)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def initialise(self) -> None:
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        with (self.directory / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                f"unix_socket_directories = '{self.directory}'\n"
            )

    def control(self, *arguments: str) -> None:
        log = self.directory / "log"
        self._run("pg_ctl", "-w", "-l", str(log), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / program, "-D", self.directory / "data", *arguments],
            user=self.user,
            cwd=self.directory,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def running_cluster(binaries: Path) -> Iterator[Cluster]:
    """A server that runs, and is taken away afterwards."""
    with tempfile.TemporaryDirectory(prefix="countjobs-", ignore_cleanup_errors=True) as directory:
        cluster = Cluster(binaries, Path(directory))
        cluster.initialise()
        cluster.control("start")
        try:
            yield cluster
        finally:
            cluster.control("stop", "-m", "immediate")
