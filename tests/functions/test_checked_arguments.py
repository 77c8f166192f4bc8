"""What a claim has read of the arguments is what the run calls the function with, where it can."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import deepcopy
from enum import Enum
from typing import Any

import pytest

from countjobs import job
from countjobs.functions.calls import read_arguments
from countjobs.models import FunctionJob

pytestmark = pytest.mark.usefixtures("isolated_registry")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whatever arguments are read."""
    found: list[Any] = []

    def noted(registered: Any, stored: Any) -> Any:
        found.append(stored)
        return read_arguments(registered, stored)

    monkeypatch.setattr("countjobs.models.functionjob.read_arguments", noted)
    return found


def _definition() -> tuple[FunctionJob, list[Any]]:
    class Size(Enum):  # it can't be pickled: nobody can import it
        SMALL = 1

    called: list[Any] = []

    def send(to: list[str], size: Size) -> None:
        called.append((list(to), size.name))
        to.append("changed")

    send.__annotations__ = {"to": list[str], "size": Size}
    job(name="send")(send)
    arguments = {"to": ["ann"], "size": "SMALL"}
    return FunctionJob(name="job", function="send", arguments=arguments), called


def test_arguments_are_read_once_for_a_claimed_run(reads: list[Any]) -> None:
    definition, called = _definition()
    definition.validate_run()
    definition.run()
    assert called == [(["ann"], "SMALL")]
    assert len(reads) == 1
    assert definition.arguments["to"] == ["ann"], "the function has its own list"
    definition.run()
    assert called == [(["ann"], "SMALL")] * 2, "so has each further run"


def test_a_run_that_nobody_claimed_reads_them(reads: list[Any]) -> None:
    definition, called = _definition()
    definition.run()
    assert called == [(["ann"], "SMALL")]


@pytest.mark.parametrize("copy", [deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies_read_them_again(copy: Callable[[Any], Any], reads: list[Any]) -> None:
    """Other runs, and runs in processes: what a function takes may not be pickled."""
    definition, called = _definition()
    definition.validate_run()
    copy(definition).run()
    copy(definition).run()
    assert called == [(["ann"], "SMALL")] * 2
    assert len(reads) == 3
