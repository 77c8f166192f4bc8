"""What it looks like when the database is away."""

from django.db import InterfaceError, InternalError, OperationalError

AWAY = (OperationalError, InterfaceError, InternalError)
"""Errors after which the same statement may succeed later; a read-only standby's is internal."""
