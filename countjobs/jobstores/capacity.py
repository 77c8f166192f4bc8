"""What the job store asks of the executors: how much room they have, and what they carry out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol


class Capacity(Protocol):
    """What runs the claimed jobs, and so limits how many may be claimed."""

    @property
    def free(self) -> int:
        """How many jobs could begin at once."""

    def rooms(self) -> dict[str, int]:
        """How many jobs each executor could begin at once."""

    def room_for_claims(self, rooms: Mapping[str, int]) -> int:
        """How many jobs a claim may take at most."""

    def full(self) -> frozenset[str]:
        """The executors without room, if others have some."""

    def note_used(self, names: Iterable[str]) -> None:
        """Jobs for these executors were seen."""

    def busy(self) -> Counter[str]:
        """How many runs of each job are going on."""
