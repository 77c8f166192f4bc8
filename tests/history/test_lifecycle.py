"""The life of a run: one table says what may become of it, and nobody else changes a status."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import countjobs
from countjobs.history import lifecycle
from countjobs.history.transitions import TRANSITIONS, Transition
from countjobs.models.executions import Status
from tests.support.paths import ROOT

PACKAGE = Path(countjobs.__file__).parent
LIFECYCLE = PACKAGE / "history" / "lifecycle.py"
SHOWS = {"admin", "endpoints", "management"}
"""Their dicts with a status are for templates, messages and answers, and no rows."""
WRITERS = {"update", "create", "bulk_create", "get_or_create", "update_or_create", "Execution"}


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def edges(transition: Transition) -> set[tuple[str, str]]:
    """As the diagram draws them: without those that stay where they are."""
    before = [status.value for status in transition.before] or ["[*]"]
    return {(one, other.value) for one in before for other in transition.after if one != other}


def strays(source: str, *, rows: bool = True) -> Iterator[int]:
    """The lines in which a status is written: to an object, to a row, or by a query."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if node.attr == "status":
                yield node.lineno
        elif isinstance(node, ast.Dict) and rows:
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if "status" in keys:
                yield node.lineno
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in WRITERS and "status" in {keyword.arg for keyword in node.keywords}:
                yield node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "run.status = Status.LOST",
        "rows.append({'id': 1, 'status': Status.LOST})",
        "runs.filter(status='queued').update(status='lost')",
        "Execution(status='lost')",
    ],
)
def test_a_stray_is_found(source: str) -> None:
    assert list(strays(source)) == [1]


def test_to_ask_for_a_status_is_no_stray() -> None:
    assert not list(strays("runs.filter(status='queued').update(node='')"))


def test_nobody_else_writes_a_status() -> None:
    assert list(strays(LIFECYCLE.read_text())), "something was looked at"
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if path != LIFECYCLE
        for line in strays(path.read_text(), rows=_part(path) not in SHOWS)
    }
    assert found == set()


def test_every_verb_is_a_function_that_says_what_it_does() -> None:
    for transition in TRANSITIONS:
        assert getattr(lifecycle, transition.verb).__doc__


PAGE = (ROOT / "docs/states.md").read_text()
EDGES = {edge for transition in TRANSITIONS for edge in edges(transition)}


def test_the_diagram_of_the_docs_is_the_table() -> None:
    names = "|".join([r"\[\*\]", *Status.values])
    drawn = set(re.findall(rf"^ +({names}) --> ({names}) :", PAGE, re.MULTILINE))
    assert {(one, other) for one, other in drawn if other not in (one, "[*]")} == EDGES


def test_so_is_the_table_of_the_docs() -> None:
    told = re.findall(r"^\| (new|`\w+`) \| `(\w+)` \| .+ \|$", PAGE, re.MULTILINE)
    assert {(one.strip("`").replace("new", "[*]"), other) for one, other in told} == EDGES


def test_the_docs_explain_every_status() -> None:
    told = re.findall(r"^\| `(\w+)` \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(Status.values)


def test_a_verb_refuses_a_status_that_it_does_not_lead_to() -> None:
    with pytest.raises(ValueError, match="leads to no status"):
        lifecycle.finish([{"id": 1, "status": Status.LOST}])
