"""A register of functions that holds nothing but what a test registers."""

from __future__ import annotations

import pytest

from countjobs.functions.registry import Registry, registry


@pytest.fixture
def isolated_registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The register, empty. Afterwards it is as it was."""
    for name, value in vars(Registry()).items():
        monkeypatch.setattr(registry, name, value)
    return registry
