"""Calls in the package's source that could import or run what a name names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import countjobs

PACKAGE = Path(countjobs.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

CALLS = {
    *("import_string", "import_module", "__import__", "eval", "exec", "find_spec", "run_module"),
    *("ref_to_obj", "load_command_class", "autodiscover_modules", "run_path", "get_callable"),
}
PICKLES = {"load", "loads", "Unpickler"}
IN_A_TEXT = ("pickle.load", "import_module(", "exec(")


def dangerous(path: Path) -> Iterator[tuple[str, str]]:
    """The file, from the package on, and each such call in it."""
    is_ours = path.is_relative_to(PACKAGE)
    file = str(path.relative_to(PACKAGE)) if is_ours else path.name
    for node in ast.walk(ast.parse(path.read_text())):
        for call in _calls(node):
            yield file, call


def _calls(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for text in IN_A_TEXT:
            yield from [f"{text} in a text"] * node.value.count(text)
    if not isinstance(node, ast.Call):
        return
    function = node.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    of = getattr(getattr(function, "value", None), "id", "")
    if name in CALLS:
        yield name
    elif name == "getattr" and not isinstance(node.args[1], ast.Constant):
        yield "getattr"
    elif name in PICKLES and of in {"pickle", "marshal", "shelve"}:
        yield f"{of}.{name}"
