"""Whether prometheus-client is installed. Nothing that imports it is imported where it isn't."""

from __future__ import annotations

from importlib.util import find_spec


def is_installed() -> bool:
    """Whether it can be imported."""
    return find_spec("prometheus_client") is not None
