"""What is measured. Each contender runs alone, in a process of its own with Django set up."""

from __future__ import annotations

from benchmarks.contenders.base import Contender
from benchmarks.contenders.countjobs import Countjobs
from benchmarks.contenders.floor import Floor
from benchmarks.contenders.functions import Functions
from benchmarks.contenders.plain import Plain

_KINDS: dict[str, type[Contender]] = {
    "countjobs": Countjobs,
    "functions": Functions,
    "plain": Plain,
    "floor": Floor,
}


def contender(name: str) -> Contender:
    """A contender by its name."""
    return _KINDS[name]()
