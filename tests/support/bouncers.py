"""A PgBouncer of a test's own, in transaction mode, in front of the test's database."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import connection

from tests.support.clusters import free_port
from tests.support.waiting import wait_until

CONNECTIONS = 4
CONFIGURATION = """
[databases]
{name} = host={host} port={port} user={user} password={password} dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
min_pool_size = {connections}
; So that no two transactions of a client are on the same connection by chance.
server_round_robin = 1
ignore_startup_parameters = extra_float_digits,options
"""


def program() -> str | None:
    """Where pgbouncer is: on the PATH, or where Debian puts it."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def running_bouncer(program: str) -> Iterator[str]:
    """A pooler that runs, by the URL of the test's database through it."""
    settings, port = connection.settings_dict, free_port()
    values = {
        "name": settings["NAME"],
        "host": settings["HOST"] or "127.0.0.1",
        "port": settings["PORT"] or 5432,
        "user": settings["USER"],
        "password": settings["PASSWORD"],
    }
    with tempfile.TemporaryDirectory(prefix="countjobs-", ignore_cleanup_errors=True) as directory:
        file = Path(directory) / "pgbouncer.ini"
        file.write_text(CONFIGURATION.format(**values, listen_port=port, connections=CONNECTIONS))
        # It refuses to run as root; PostgreSQL's packages bring a user for it.
        user = "postgres" if getpass.getuser() == "root" else None
        if user:
            shutil.chown(directory, user)
        process = subprocess.Popen(
            [program, "-q", file],
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: _answers(port), what="for pgbouncer")
            yield f"postgres://{settings['USER']}@127.0.0.1:{port}/{settings['NAME']}"
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
