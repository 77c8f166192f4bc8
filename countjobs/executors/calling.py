"""Calling a job, plain or async, to its end."""

from __future__ import annotations

import asyncio
import decimal
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar, copy_context
from typing import Any

from asgiref.sync import async_to_sync

from countjobs.executors.forks import NoChildReturns
from countjobs.run_context import NO_RUN, current

_LAZY = (
    "The job returned {what}, whose code has not run. A job must do its work before it "
    "returns{how}."
)


def _variable_of_decimals() -> ContextVar[Any]:
    """The context variable in which Python keeps the settings for decimals."""
    context = copy_context()
    context.run(decimal.getcontext)
    return next(variable for variable in context if variable.name == "decimal_context")


_decimals = _variable_of_decimals()


def is_generator_function(call: object) -> bool:
    """Whether calling this only makes a generator, plain or async."""
    functions = (call, type(call).__call__) if callable(call) else ()
    return any(inspect.isgeneratorfunction(f) or inspect.isasyncgenfunction(f) for f in functions)


def call_job(call: Callable[[], object]) -> None:
    """Call a job in the current context, and await it if it is async. Raises what the job raises.

    If the job forks, and the child comes back here, the child ends.
    """
    if _decimals.get(None) is not None:
        # A context holds the settings for decimals as an object, which copies of the context share.
        decimal.setcontext(decimal.getcontext().copy())
    with NoChildReturns():
        result = call()
        if result is not None:
            _finish(result)


def _finish(result: object) -> None:
    """Await what an async job returned. Raises TypeError for what would never run."""
    if isinstance(result, Coroutine):
        result = _Awaited(result).wait()
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        kind = "a generator" if inspect.isgenerator(result) else "an async generator"
        raise TypeError(_LAZY.format(what=kind, how=": remove its “yield”"))
    if isinstance(result, Awaitable):
        if isinstance(result, Coroutine):
            result.close()  # or Python warns later that nobody awaited it
        raise TypeError(_LAZY.format(what="an awaitable", how=": await it in the job"))


class _Awaited:
    """The coroutine of one run, in an event loop of the run's own.

    What Django calls with `sync_to_async` runs in the run's thread, on its database connections.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, object]) -> None:
        self._coroutine = coroutine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    def wait(self) -> object:
        """What it returns. Raises what it raises. If the wait is interrupted, it is cancelled."""
        try:
            return async_to_sync(self._go)()
        except BaseException:
            self._cancel()
            raise

    async def _go(self) -> object:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if (context := current.get()) is not NO_RUN:
            context.interrupt = self._cancel
            if context.run is not None and context.run.should_stop and self._task is not None:
                self._task.cancel()  # whoever stopped it may have come too early to interrupt it
        with NoChildReturns():  # nor to the event loop, which is the parent's
            return await self._coroutine

    def _cancel(self) -> None:
        """Cancel it, if it goes on: Ctrl-C, say, interrupts only the thread that waits for it."""
        if self._loop is None or self._task is None:
            self._coroutine.close()  # it never began
            return
        with suppress(RuntimeError):  # it has ended, and its loop is closed
            self._loop.call_soon_threadsafe(self._task.cancel)


CALLERS = {call_job.__code__, _finish.__code__, _Awaited._go.__code__}
"""Their frames, and those of what they call to await a job, lie between ours and the job's."""
