"""The runs that are going on in this process, for others to look at."""

from __future__ import annotations

from contextvars import Token
from types import TracebackType

from countjobs.executors.output import CappedText
from countjobs.progress import Progress, current

GOING: dict[int, Going] = {}
"""By execution. Each run adds itself, and takes itself out, without a lock."""


class Going(Progress):
    """A run while it goes on: its output so far, and how far it has come.

    It costs a run no more than this, however it is looked at; so it isn't a generator.
    """

    __slots__ = ("_execution_id", "_token", "output")

    def __init__(self, execution_id: int, output: CappedText) -> None:
        super().__init__()
        self._execution_id = execution_id
        self.output = output
        self._token: Token[Progress | None]

    def __enter__(self) -> None:
        self._token = current.set(self)
        GOING[self._execution_id] = self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        GOING.pop(self._execution_id, None)
        current.reset(self._token)
