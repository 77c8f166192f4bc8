"""What a function's docstring says: of the function itself, and of its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

_GOOGLE = re.compile(r"^(?P<indent>[ ]+)\*{0,2}(?P<name>\w+)\s*(\([^)]*\))?:\s*(?P<text>\S.*)$")
_SPHINX = re.compile(r"^\s*:param (?:[^:]*\s)?(?P<name>\w+):\s*(?P<text>.*)$")
_LINE_BREAK = re.compile(r"(?<=\S)[ ]*\n(?=[^\W\d_]|[(\"“`])")
"""Between two lines of a paragraph; lists and indented lines stay lines."""
_SECTION = re.compile(r"^(?:Args|Arguments|Parameters):\s*$")


def summary_of(function: Callable[..., Any]) -> str:
    """The docstring, without what it says of the parameters and of the result."""
    lines: list[str] = []
    for line in (inspect.getdoc(function) or "").splitlines():
        if _SECTION.match(line) or _SPHINX.match(line) or re.match(r"^[A-Z]\w+:\s*$|^:\w+", line):
            break
        lines.append(line)
    return _LINE_BREAK.sub(" ", "\n".join(lines)).strip()


def helps_of(function: Callable[..., Any]) -> dict[str, str]:
    """What it says of each parameter, in Google's style or in Sphinx's."""
    doc = inspect.getdoc(function) or ""
    return {name: text for name, text in _described(doc) if text}


def _described(doc: str) -> Iterator[tuple[str, str]]:
    name, text, indent, in_section = "", "", 0, False
    for line in doc.splitlines():
        if _SECTION.match(line):
            in_section, indent = True, 0
            continue
        found = _SPHINX.match(line) or (_GOOGLE.match(line) if in_section else None)
        depth = len(line) - len(line.lstrip())
        is_new = found is not None and (
            "indent" not in found.groupdict() or not indent or depth <= indent
        )
        if is_new and found is not None:
            yield name, text
            name, text, indent = found["name"], found["text"].strip(), depth
        elif name and line.strip() and depth > indent:
            text = f"{text} {line.strip()}"
        else:
            yield name, text
            name, text = "", ""
            in_section = in_section and (not line.strip() or depth > 0)
    yield name, text
