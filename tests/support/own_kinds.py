"""Kinds of definition that a test defines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What models a test defines are gone after it."""
    registered = apps.all_models["app"]
    before = dict(registered)
    yield
    for name in registered.keys() - before.keys():
        del registered[name]
    apps.clear_cache()
