"""Who exports and imports, where a test names nobody else."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.support.people import client_of


@pytest.fixture
def client(db: None) -> Client:
    """The editor's."""
    return client_of("editor")
