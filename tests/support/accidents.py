"""What receivers of messages took, and what they do wrong: by chance, but from a seed.

A receiver that took a message and whose answer is lost is an accident; a scheduler that is killed
while it sends is another. After one a message may be told twice, so none has two.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple


class Fate(Enum):
    """What becomes of a message that comes."""

    TAKEN = auto()
    TAKEN_SLOWLY = auto()
    """The answer comes late."""
    TAKEN_WITHOUT_ANSWER = auto()
    REFUSED = auto()
    DROPPED = auto()
    """The connection ends. The message is not taken."""


_WEIGHTS = {
    Fate.TAKEN: 45,
    Fate.TAKEN_SLOWLY: 20,
    Fate.TAKEN_WITHOUT_ANSWER: 15,
    Fate.REFUSED: 10,
    Fate.DROPPED: 10,
}
TAKES = (Fate.TAKEN, Fate.TAKEN_SLOWLY, Fate.TAKEN_WITHOUT_ANSWER)
SLOW_SECONDS = 0.4


class Taken(NamedTuple):
    """A message that a receiver took."""

    channel: str
    id: str
    body: bytes


@dataclass
class Receipts:
    """What the receivers of all channels took, in the order in which it came."""

    seed: str
    taken: list[Taken] = field(default_factory=list)
    accidents: set[str] = field(default_factory=set)
    """The ids of messages that had one, or that may have had one."""
    wrong: list[str] = field(default_factory=list)
    """What is wrong with messages by themselves."""
    fates: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(self.seed)

    def receive(self, message: Taken) -> Fate:
        """A message has come: decide what becomes of it."""
        with self._lock:
            fate = self._random.choices([*_WEIGHTS], [*_WEIGHTS.values()])[0]
            if message.id in self.accidents and fate in TAKES:
                fate = Fate.TAKEN
            if fate is Fate.TAKEN_WITHOUT_ANSWER:
                self.accidents.add(message.id)
            if fate in TAKES:
                self.taken.append(message)
            self.fates[f"{message.channel} {fate.name.lower()}"] += 1
        return fate

    def again(self) -> set[str]:
        """The ids of messages that were taken more than once."""
        counts = Counter(each.id for each in self.taken)
        return {id_ for id_, times in counts.items() if times > 1}
