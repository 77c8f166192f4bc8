"""A PostgreSQL server of a test's own, to be restarted at will."""

from __future__ import annotations

import getpass
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.other_servers import connected_with

NOT_EPHEMERAL = range(20_000, 32_000)
"""Ports that no client is given: while the server is away nobody else takes its port, and no
client that tries to connect meets itself there."""


def binaries() -> Path | None:
    """Where pg_ctl and initdb are: on the PATH, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return newest(Path("/usr/lib/postgresql").glob("*/bin"))


def newest(installed: Iterable[Path]) -> Path | None:
    """The one of the highest version, of directories such as …/9.6/bin and …/15/bin."""

    def version(directory: Path) -> list[int]:
        parts = directory.parent.name.split(".")
        return [int(part) for part in parts if part.isdigit()]

    return max(installed, key=version, default=None)


def free_port() -> int:
    """A port that nobody listens on."""
    for port in random.sample(NOT_EPHEMERAL, 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


class Cluster:
    """A server in a directory of its own. Its fsync is on: what it has committed, it keeps."""

    def __init__(self, binaries: Path, directory: Path) -> None:
        self.binaries = binaries
        self.directory = directory
        # PostgreSQL refuses to run as root; its packages bring a user for it.
        self.user = "postgres" if getpass.getuser() == "root" else None
        if self.user:
            shutil.chown(directory, self.user)
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def initialise(self) -> None:
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        with (self.directory / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                f"unix_socket_directories = '{self.directory}'\n"
            )

    def control(self, *arguments: str) -> None:
        """Have pg_ctl start, stop or restart it, and wait until that is done."""
        log = self.directory / "log"
        self._run("pg_ctl", "-w", "-l", str(log), *arguments)

    def kill(self) -> None:
        """End it, come what may. Its processes end with their parent."""
        with suppress(subprocess.SubprocessError):
            self.control("stop", "-m", "immediate")
        # Gone where it has stopped.
        with suppress(OSError, ValueError):
            pid = (self.directory / "data" / "postmaster.pid").read_text().split()[0]
            os.kill(int(pid), signal.SIGKILL)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / program, "-D", self.directory / "data", *arguments],
            user=self.user,
            cwd=self.directory,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=100,  # pg_ctl itself gives up after 60 s
        )


@contextmanager
def running_cluster(binaries: Path) -> Iterator[Cluster]:
    """A server that runs, and is taken away afterwards."""
    with tempfile.TemporaryDirectory(prefix="countjobs-", ignore_cleanup_errors=True) as directory:
        cluster = Cluster(binaries, Path(directory))
        try:
            cluster.initialise()
            cluster.control("start")
            yield cluster
        finally:
            cluster.kill()


@contextmanager
def connected_to(cluster: Cluster) -> Iterator[None]:
    """Have Django's connection, and so the ORM of this process, ask that server for a while."""
    server = {"HOST": "127.0.0.1", "PORT": str(cluster.port), "NAME": "postgres"}
    with connected_with(**server, USER="postgres", PASSWORD=""):
        yield
