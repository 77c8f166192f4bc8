"""Runs in worker processes, which can be ended from outside, and don't share the interpreter.

Each thread of this executor hands its run to a worker process, and waits for it. So claims, marks,
logs and listeners are as in threads. Nothing is started before the first run, and only as many
workers as there are runs at once.

Why it isn't built on a library: pebble (5.2) ends a worker, but not what its jobs have started, and
its one loop waits up to 3 s for each worker that ignores SIGTERM; a worker that is killed may hold
the lock that all of them share. The fork server of `multiprocessing` is shared with whatever jobs
do, does not end while any worker lives, and counts all as ended if a supervisor sends it SIGTERM.

Workers don't import the program that started the scheduler: its `__main__` would start another one,
if it has no `if __name__ == "__main__"`. So functions of jobs from code must be in a module.
"""

from __future__ import annotations

import math
import pickle
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from apscheduler.job import Job

from countjobs.conf import Conf
from countjobs.executors.at_work import AtWork
from countjobs.executors.messages import Answer, loaded_answer, loaded_error
from countjobs.executors.process_ends import (
    ENDED_AT_START,
    ENDED_EARLY,
    NOT_STARTED,
    UNREADABLE,
    after_stop,
    failed,
    not_begun,
    of_ended,
)
from countjobs.executors.shared_memory import SharedRunContext
from countjobs.executors.threads import Mark, ThreadPoolExecutor
from countjobs.executors.worker_handles import ForkServer, Worker
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.lasting import quietly
from countjobs.models.executions import Status
from countjobs.run_context import GOING, Run, Stop
from countjobs.text import describe

TRIES = 3
"""To how many workers a run is given, if each of them ends before it begins."""
RETRY_SECONDS = 0.5


class ProcessPoolExecutor(ThreadPoolExecutor):
    """As the executor of threads, but what goes on in each run goes on in a process.

    Args:
        processes: How many runs go on side by side.
        begin: Marks executions as running, and returns those that are still ours to start.
        put_off: Marks them as waiting again, and returns the same.
        report: Is told of each outcome, in the run's thread.
        output_bytes: How much of a run's output is kept.
    """

    _runs_elsewhere = True

    def __init__(
        self,
        processes: int,
        begin: Mark,
        put_off: Mark,
        report: Callable[[Outcome], None],
        output_bytes: int,
    ) -> None:
        super().__init__(processes, begin, put_off, report, output_bytes)
        self._runs_per_process = Conf.load().runs_per_process
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        self._idle: list[Worker] = []
        """The one that worked last is taken first, so that no more are started than are needed."""
        self._driven: dict[int, Worker] = {}
        """The workers that are at work, by execution."""
        self._is_over = False

    def submit_job(self, job: Job | ClaimedJob, run_times: list[datetime]) -> None:
        """As the executor of threads. The first job starts the thread that starts jobs."""
        if self._starter.ident is None:
            self._starter.start()
        super().submit_job(job, run_times)

    def prepare(self) -> None:
        """Start the fork server, which takes a moment to load Django. Nobody waits for it here."""
        with self._lock, suppress(OSError):  # the first run will say so
            if not self._is_over:
                self._server = self._server or ForkServer()

    # Ending runs

    def stop(self, work: AtWork, stop: Stop) -> None:
        """End a run with SIGTERM to its process group."""
        work.run.stop = stop
        if (worker := self._driven.get(work.run.execution_id)) is not None:
            worker.stop(stop)

    def insist(self, work: AtWork) -> None:
        """End a run that was asked to stop and goes on, with SIGKILL to its process group."""
        if (worker := self._driven.get(work.run.execution_id)) is not None:
            worker.kill()

    def shutdown(self, wait: bool = True) -> None:
        """Called by the scheduler when it stops. Runs that go on are killed, and not reported."""
        self.begin_nothing_more()
        with self._lock:
            self._is_over = True
            idle, self._idle = self._idle, []
        self._at_work.clear()
        for worker in list(self._driven.values()):
            worker.kill()
        for worker in idle:
            worker.retire()
        if self._server is not None:
            self._server.end()
        super().shutdown(wait)

    # Running

    def _carry_out(self, run: Run) -> Outcome:
        try:
            message = pickle.dumps(run)
        except BaseException as error:  # an object of the job's may do anything
            return failed(run, f"This run can't be sent to a worker process: {describe(error)}")
        try:
            return self._send(run, message)
        except BaseException as fault:  # ours
            quietly(self._logger.exception, "A run could not be carried out.")
            return failed(run, f"The scheduler could not carry out this run: {describe(fault)}")

    def _send(self, run: Run, message: bytes) -> Outcome:
        """Give a run to one worker after the other, until one begins with it."""
        work = self._at_work.get(run.execution_id)
        reason = ENDED_EARLY
        for _ in range(TRIES):
            if work is not None:
                work.since = math.inf  # its time doesn't begin before the process has started
            try:
                worker = self._take()
            except Exception as error:
                reason = f"No worker process could be started: {describe(error)}"
                time.sleep(RETRY_SECONDS)
                continue
            if work is not None:
                work.since = time.monotonic()
            if (outcome := self._try(run, message, worker)) is not None:
                return outcome
        return failed(run, reason)

    def _try(self, run: Run, message: bytes, worker: Worker) -> Outcome | None:
        """Give a run to a worker. None if the worker ended before it began with the run."""
        worker.memory.clear()
        context = SharedRunContext(run, worker.memory)
        began = time.monotonic()
        GOING[run.execution_id] = context
        self._driven[run.execution_id] = worker
        answer: Answer | None = None
        try:
            if self._is_over:
                return failed(run, ENDED_EARLY)
            if run.stop is not None:
                reason = f"{run.stop.reason} {NOT_STARTED}"
                return not_begun(run, Status(run.stop.status), reason)
            data = worker.carry_out(message)
            if data is not None:
                if (answer := loaded_answer(data)) is None:
                    worker.kill()  # the job may go on
                outcome = _told(answer, run) if answer else failed(run, UNREADABLE)
            elif worker.memory.has_begun or run.stop is not None:
                seconds = time.monotonic() - began
                outcome = of_ended(run, worker.memory, worker.exit_code, seconds)
            else:
                return None
            outcome.output = context.output.so_far() if context.output else ""
            return outcome
        finally:
            del self._driven[run.execution_id]
            GOING.pop(run.execution_id, None)
            may_go_on = answer is not None and not answer.retires and run.stop is None
            self._leave(worker, may_go_on=may_go_on)

    # Workers

    def _take(self) -> Worker:
        """A worker that is idle, or a new one that has started. Raises OSError."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return worker
                worker.close()
            if self._is_over:
                raise OSError("The scheduler has ended.")
            if self._server is not None and self._server.has_ended:
                self._server.end()
                self._server = None
            self._server = self._server or ForkServer()
            worker = self._server.fork(self._output_bytes)
        try:
            is_ready = worker.is_ready()
        except OSError:
            worker.close()
            raise
        if not is_ready:
            worker.close()
            raise OSError(ENDED_AT_START)
        return worker

    def _leave(self, worker: Worker, *, may_go_on: bool) -> None:
        with self._lock:
            if may_go_on and not self._is_over and worker.runs < self._runs_per_process:
                self._idle.append(worker)
                return
        worker.retire()


def _told(answer: Answer, run: Run) -> Outcome:
    """The outcome as the worker has told it, with the error as far as it can be loaded here."""
    outcome = answer.outcome
    if outcome.started_at is None:  # the worker could not call the job
        outcome = not_begun(run, outcome.status, outcome.error)
    outcome.execution_id = run.execution_id
    if (error := loaded_error(answer.error)) is not None:
        outcome.raised = type(error), error, None
    if run.stop is not None:
        after_stop(outcome, run.stop)
    return outcome
