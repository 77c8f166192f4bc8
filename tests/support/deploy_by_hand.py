"""A trial without Docker: the same commands, as processes on this machine."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.clusters import binaries, free_port, running_cluster
from tests.support.deploy_parts import DEPLOY, Part, read_variables
from tests.support.env_names import NAMES
from tests.support.paths import ROOT

START_SECONDS = 100


class TrialError(Exception):
    """Something isn't as the files promise."""


def new_variables() -> dict[str, str]:
    """The example's variables, with new secrets where it is to be filled in."""
    given = read_variables((DEPLOY / "env.example").read_text())
    return {name: value or secrets.token_urlsafe(50) for name, value in given.items()}


class Running:
    """What was started, and how it is asked and ended."""

    def __init__(self, directory: Path, variables: Mapping[str, str]) -> None:
        kept = {name: text for name, text in os.environ.items() if name not in NAMES}
        self._environment = {**kept, "PYTHONUNBUFFERED": "1", **variables}
        self._environment["DJANGO_SETTINGS_MODULE"] = "project.settings"
        self._directory = directory
        self._ports: dict[tuple[str, int], int] = {}
        self._started: list[tuple[Part, subprocess.Popen[bytes], Path]] = []

    def run(self, command: Sequence[str]) -> None:
        """Run a command to its end. Raises TrialError."""
        done = subprocess.run(
            _here(command),
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        if done.returncode:
            raise TrialError(f"{command}: exit status {done.returncode}\n{done.stdout[-2_000:]}")
        print(done.stdout.strip().rpartition("\n")[2], flush=True)

    def start(self, part: Part) -> None:
        """Start all copies of a part, and wait until its probes say that it works."""
        for copy in range(1, part.copies + 1):
            command = [self._own(word, copy) for word in part.command]
            print("$", *command, flush=True)
            log = self._directory / f"{part.name}-{copy}.log"
            with log.open("wb") as file:
                process = subprocess.Popen(
                    _here(command),
                    cwd=ROOT,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                )
            self._started.append((part, process, log))
            for probe in part.probes:
                self._wait_for([self._own(word, copy) for word in probe], process, log)

    def _own(self, word: str, copy: int) -> str:
        """A word of a command with ports of this trial: those in the files may be taken here.

        A container has its ports for itself. A unit's ports have the number of its instance.
        """
        for told in (8000, 8001):
            for written in (f":{told}", f":{told // 10}%i"):
                if written in word:
                    port = self._ports.setdefault((written, copy), free_port())
                    word = word.replace("0.0.0.0", "127.0.0.1").replace(written, f":{port}")
        return word

    def _wait_for(self, probe: Sequence[str], process: subprocess.Popen[bytes], log: Path) -> None:
        ends = time.monotonic() + START_SECONDS
        while not self._succeeds(probe):
            if process.poll() is not None or time.monotonic() > ends:
                raise TrialError(f"{' '.join(probe)} fails. The part says:\n{_end_of(log)}")
            time.sleep(0.5)
        print("#", *probe, "succeeds", flush=True)

    def _succeeds(self, probe: Sequence[str]) -> bool:
        done = subprocess.run(
            _here(probe),
            cwd=ROOT,
            env=self._environment,
            stderr=subprocess.DEVNULL,
            timeout=START_SECONDS,
            check=False,
        )
        return done.returncode == 0

    def stop(self) -> None:
        """Tell all to end, as a supervisor does. Raises TrialError where one outlives its time."""
        for _part, process, _log in self._started:
            process.send_signal(signal.SIGTERM)
        for part, process, log in self._started:
            try:
                status = process.wait(part.grace_seconds)
            except subprocess.TimeoutExpired:
                raise TrialError(f"{part.name} outlives its {part.grace_seconds} s") from None
            if status:
                raise TrialError(f"{part.name} ends with {status}:\n{_end_of(log)}")

    def kill(self) -> None:
        """End what is left."""
        for _part, process, _log in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2_000:]


def _here(command: Sequence[str]) -> list[str]:
    """A command of the image, with the programs of this Python."""
    program, *rest = command
    if program == "python":
        return [sys.executable, *rest]
    return [sys.executable, "-m", program, *rest]


@contextmanager
def database(directory: Path, url: str) -> Iterator[str]:
    """Where PostgreSQL is: given, or a server of the trial's own. Raises TrialError."""
    if url:
        yield url
        return
    found = binaries()
    if found is None:
        raise TrialError("There is neither a Docker daemon nor PostgreSQL's initdb here.")
    with running_cluster(found) as cluster:
        yield cluster.url


@contextmanager
def running(
    parts: Sequence[Part], directory: Path, variables: Mapping[str, str]
) -> Iterator[Running]:
    """All parts, started one after the other, and told to end in the end."""
    everything = Running(directory, variables)
    try:
        for part in parts:
            if part.ends_by_itself:
                print("$", *part.command, flush=True)
                everything.run(part.command)
            else:
                everything.start(part)
        yield everything
        everything.stop()
    finally:
        everything.kill()
