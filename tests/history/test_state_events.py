"""What each event does to a run in each state: the table in docs/states.md, cell by cell."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT
from tests.support.state_events import EVENTS, HERE, OTHER, STATES, a_world

pytestmark = pytest.mark.django_db

NOTHING = ""
"""Not a value of its row changes."""
TAKEN = f"queued, {OTHER}"
GIVEN_BACK = "queued, nobody"
LOST = f"lost, {HERE}"
CANCELLED = "cancelled, nobody"
SUCCEEDED = "succeeded, nobody"

# In the order of STATES.
CELLS = {
    "claim": (TAKEN, NOTHING, NOTHING, NOTHING, NOTHING),
    "begin": (NOTHING, f"running, {HERE}", f"running, {HERE}", NOTHING, NOTHING),
    "end": (SUCCEEDED, f"succeeded, {HERE}", f"succeeded, {HERE}", SUCCEEDED, NOTHING),
    "limit": (NOTHING, NOTHING, f"timed_out, {HERE}", NOTHING, NOTHING),
    "cancel": (CANCELLED, f"cancelled, {HERE}", f"running, {HERE}", CANCELLED, NOTHING),
    "kill": (NOTHING, GIVEN_BACK, LOST, NOTHING, NOTHING),
    "freeze": (NOTHING, GIVEN_BACK, LOST, NOTHING, NOTHING),
    "drain": (NOTHING, GIVEN_BACK, LOST, NOTHING, NOTHING),
    "pause": (NOTHING, NOTHING, NOTHING, CANCELLED, NOTHING),
    "delete": (NOTHING, NOTHING, NOTHING, CANCELLED, NOTHING),
    "retry due": (TAKEN, NOTHING, NOTHING, TAKEN, NOTHING),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_what_an_event_does_to_a_run_in_a_state(event: str, state: str) -> None:
    world = a_world(state)
    before = world.row()
    EVENTS[event](world)
    expected = CELLS[event][list(STATES).index(state)]
    if expected == NOTHING:
        assert world.row() == before
    else:
        assert world.stands() == expected


# The page


def table() -> list[list[str]]:
    """The rows of the page's table, the header first."""
    text = (ROOT / "docs/states.md").read_text().partition("\n## What happens when …\n")[2]
    rows = re.findall(r"^\| (.+) \|$", text.partition("\n## ")[0], re.MULTILINE)
    return [row.split(" | ") for row in rows]


def test_the_page_has_every_cell() -> None:
    header, *rows = table()
    assert len(header) == 1 + len(STATES)
    assert [row[0].partition(":")[0].strip("*") for row in rows] == list(EVENTS)
    assert {len(row) for row in rows} == {len(header)}
    assert [cell for row in rows for cell in row if not cell.strip()] == []


def test_the_page_says_nothing_where_nothing_happens() -> None:
    _header, *rows = table()
    for event, row in zip(EVENTS, rows, strict=True):
        said = [cell.startswith("Nothing") for cell in row[1:]]
        assert said == [expected == NOTHING for expected in CELLS[event]], event
