"""Finds the messages to translate in sources, as `makemessages` does, but without its tools."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

Key = tuple[str, str]
"""What a message is found by: its context, mostly none, and its English words."""

_TRANSLATION = "django.utils.translation"
_STRING = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(_|n?p?gettext)\(({_STRING}(?:, *{_STRING})*)")


class NotLiteralError(Exception):
    """A message is made up while the program runs: no catalogue can hold it."""


def in_package(package: Path) -> dict[Key, str | None]:
    """Every message of a package's modules and templates, with its plural."""
    found: dict[Key, str | None] = {}
    for path in sorted(package.rglob("*.py")):
        found |= dict(in_module(path.read_text(), str(path)))
    for path in sorted((package / "templates").rglob("*.html")):
        found |= dict(in_template(path.read_text()))
    return found


def in_module(source: str, name: str = "") -> Iterator[tuple[Key, str | None]]:
    """The messages of a module. Raises NotLiteralError."""
    tree = ast.parse(source)
    functions = dict(_functions(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called in functions:
            yield _message(functions[called], list(_texts(node, functions[called], name)))


def _functions(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The functions that translate: what a module calls them, and what Django does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == _TRANSLATION:
            for alias in node.names:
                kind = alias.name.removesuffix("_lazy").removesuffix("_noop")
                if kind.endswith("gettext"):
                    yield alias.asname or alias.name, kind


def _texts(call: ast.Call, function: str, name: str) -> Iterator[str]:
    for argument in call.args[: 1 + ("n" in _prefix(function)) + ("p" in _prefix(function))]:
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            raise NotLiteralError(f"{name}:{call.lineno}: {ast.unparse(argument)}")
        yield argument.value


def in_template(source: str) -> Iterator[tuple[Key, str | None]]:
    """The messages of a template."""
    for function, arguments in _CALL.findall(templatize(source)):
        texts = re.findall(_STRING, arguments)
        yield _message(function, [ast.literal_eval(text) for text in texts])


def _message(function: str, texts: list[str]) -> tuple[Key, str | None]:
    """A message of a call: pgettext's first argument is the context, ngettext's last the plural."""
    context = texts.pop(0) if "p" in _prefix(function) else ""
    return (context, texts[0]), texts[1] if "n" in _prefix(function) else None


def _prefix(function: str) -> str:
    return function.removesuffix("gettext")
