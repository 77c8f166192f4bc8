"""The life of a run: which verb of `lifecycle` leads from which status to which, and who uses it.

Tests check that the diagram and the table in docs/states.md say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from countjobs.models.executions import Status


@dataclass(frozen=True)
class Transition:
    """What one verb may do."""

    verb: str
    before: tuple[Status, ...]
    """If this is empty, the verb makes a new run."""
    after: tuple[Status, ...]
    who: str


TRANSITIONS = (
    Transition("request", (), (Status.QUEUED,), "a person or code that asks for a run"),
    Transition(
        "claim",
        (),
        (Status.QUEUED, Status.MISSED, Status.SKIPPED),
        "the scheduler that takes a fire time",
    ),
    Transition(
        "retry", (), (Status.QUEUED,), "the scheduler whose run failed, or that settles a lost run"
    ),
    Transition("record_here", (), (Status.SUCCEEDED, Status.FAILED), "`runjob`"),
    Transition(
        "answer",
        (Status.QUEUED,),
        (Status.QUEUED, Status.FAILED, Status.CANCELLED, Status.SKIPPED),
        "the scheduler that takes a request, a retry, or what was given back",
    ),
    Transition("give_back", (Status.QUEUED,), (Status.QUEUED,), "its scheduler, or who settles it"),
    Transition("cancel", (Status.QUEUED,), (Status.CANCELLED,), "a person, or code"),
    Transition(
        "end_waiting",
        (Status.QUEUED,),
        (Status.CANCELLED,),
        "the scheduler that begins a later run, or who pauses or deletes the definition",
    ),
    Transition("begin", (Status.QUEUED, Status.RUNNING), (Status.RUNNING,), "its scheduler"),
    Transition("put_off", (Status.RUNNING, Status.QUEUED), (Status.QUEUED,), "its scheduler"),
    Transition(
        "ask_to_stop",
        (Status.RUNNING,),
        (Status.RUNNING,),
        "a person, code, or the scheduler that replaces the run",
    ),
    Transition(
        "finish",
        (Status.RUNNING, Status.QUEUED),
        (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED),
        "its scheduler",
    ),
    Transition("lose", (Status.RUNNING,), (Status.LOST,), "the scheduler that settles it"),
)
_AFTER = {transition.verb: transition.after for transition in TRANSITIONS}


def checked(verb: str, status: Status) -> Status:
    """A status that a verb may lead to. Raises ValueError for any other."""
    if status not in _AFTER[verb]:
        raise ValueError(f"“{verb}” leads to no status {status!r}.")
    return status
