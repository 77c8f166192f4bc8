"""Takes locks out of SQL, whatever the code is that asks for them."""

from __future__ import annotations

import re
from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

ROW_LOCK = re.compile(
    r"\s+FOR\s+(NO\s+KEY\s+)?UPDATE(\s+OF\s+\S+)?(\s+(SKIP\s+LOCKED|NOWAIT))?", re.I
)
FILE_LOCK = re.compile(r"\s*BEGIN\b", re.I)
"""What SQLite has instead: the transaction itself is the lock."""


class UnlockedConfig(AppConfig):
    name = "tests.unlocked"

    def ready(self) -> None:
        connection_created.connect(unlock)


def unlock(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if without_locks not in connection.execute_wrappers:
        connection.execute_wrappers.append(without_locks)


def without_locks(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if FILE_LOCK.match(sql):
        return None
    return execute(ROW_LOCK.sub("", sql), params, many, context)
