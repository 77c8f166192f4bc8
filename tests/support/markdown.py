"""Code blocks of the documentation, for the tests that run them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.support.paths import ROOT

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the heading that it stands under."""

    heading: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.heading}, line {self.line}"


def blocks(name: str, language: str) -> list[Block]:
    """The blocks of a file that are written in a language."""
    text = (ROOT / name).read_text()
    found = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        heading = re.findall(r"^#+ (.*)$", before, re.MULTILINE)[-1]
        found.append(Block(heading, before.count("\n") + 2, match[1], match[2]))
    return [block for block in found if block.language == language]


def run(block: Block, file: str) -> dict[str, object]:
    """Run a block as if it stood in the models of the test app. Returns what it defined."""
    for library in ("django_tasks", "loguru", "structlog"):
        if f"import {library}" in block.text or f"from {library}" in block.text:
            pytest.importorskip(library)
    # Blank lines before it make tracebacks show the document's own line numbers.
    code = compile("\n" * (block.line - 1) + block.text, file, "exec")
    names: dict[str, object] = {"__name__": "tests.app.models"}
    exec(code, names)
    return names
