"""Whatever goes wrong around a run: it ends with an outcome.

A job's own errors are dealt with in `runs`. This is for ours, and for those of what we call: log
handlers, listeners, streams.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias

from django.utils import timezone

from countjobs.history.recorder import Outcome
from countjobs.lasting import quietly
from countjobs.models.executions import Status
from countjobs.run_context import Run
from countjobs.text import describe, storable

_logger = logging.getLogger(__name__)

_More = ParamSpec("_More")
_CarryOut: TypeAlias = Callable[Concatenate[Run, _More], Outcome]


def ends_with_an_outcome(carry_out: _CarryOut[_More]) -> _CarryOut[_More]:
    """Have a fault of our own code around a job become the outcome of its run."""

    @wraps(carry_out)
    def safely(run: Run, /, *args: _More.args, **kwargs: _More.kwargs) -> Outcome:
        began = timezone.now()
        try:
            return carry_out(run, *args, **kwargs)
        except BaseException as fault:
            quietly(_logger.exception, "A run could not be carried out.")
            return Outcome(
                Status.FAILED,
                run.execution_id,
                began,
                timezone.now(),
                error=f"The scheduler could not carry out this run: {describe(fault)}",
                traceback=storable(_formatted(fault)),
            )

    return safely


def _formatted(fault: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(fault))
    except BaseException:  # it may be of the job's making
        return ""
