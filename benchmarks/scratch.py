"""Scratch databases for measurements, made and dropped by the run that uses them."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A kind of database: a PostgreSQL server by its URL, or files of SQLite."""

    server: str | None = None

    @property
    def name(self) -> str:
        """What the figures call it."""
        return "PostgreSQL" if self.server else "SQLite"

    @contextmanager
    def scratch(self) -> Iterator[str]:
        """The DATABASE_URL of an empty database, which is gone afterwards."""
        if self.server is None:
            with tempfile.TemporaryDirectory() as directory:
                yield f"sqlite:///{Path(directory) / 'benchmark.sqlite3'}"
            return
        name = f"countjobs_benchmark_{os.getpid()}_{next(_numbers)}"
        url = self.create(name)
        try:
            yield url
        finally:
            self.drop(name)

    def create(self, name: str) -> str:
        """The DATABASE_URL of an empty database. Raises psycopg.Error where it is there already."""
        self._command("CREATE DATABASE {}", name)
        return self.url_of(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it, if it is there."""
        self._command("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def url_of(self, name: str) -> str:
        """The DATABASE_URL of a database of this server."""
        return urlunsplit(urlsplit(self._needed_server())._replace(path=f"/{name}"))

    def _command(self, command: LiteralString, name: str) -> None:
        with self._connect(self._needed_server()) as admin:
            admin.execute(sql.SQL(command).format(sql.Identifier(name)))

    def _needed_server(self) -> str:
        if self.server is None:
            raise ValueError("SQLite has no server.")
        return self.server

    def describe(self) -> str:
        """Its version, and how sure it is of what it wrote."""
        if self.server is None:
            from sqlite3 import sqlite_version

            return f"SQLite {sqlite_version} (WAL, synchronous NORMAL)"
        with self._connect(self.server) as admin:
            names = ("server_version", "fsync", "synchronous_commit")
            version, fsync, commit = (self._setting(admin, name) for name in names)
        return f"PostgreSQL {version} (fsync {fsync}, synchronous_commit {commit})"

    @staticmethod
    def _connect(server: str) -> psycopg.Connection:
        url = server.replace("postgres://", "postgresql://", 1)
        return psycopg.connect(url, autocommit=True)

    @staticmethod
    def _setting(admin: psycopg.Connection, name: str) -> str:
        row = admin.execute("SELECT current_setting(%s)", [name]).fetchone()
        return str(row[0]) if row else "unknown"
