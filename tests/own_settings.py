"""Settings of a test's own for real processes: the suite's, and some lines more."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent


def own_settings(directory: Path, lines: str) -> dict[str, str]:
    """The environment of a process with the suite's settings, changed by some lines of Python."""
    text = f"from tests.settings import *\n{dedent(lines)}"
    (directory / "own_settings.py").write_text(text)
    return {"DJANGO_SETTINGS_MODULE": "own_settings", "PYTHONPATH": str(directory)}
