"""Functions that are called in a process of their own, on a database of their own.

`call` names the function and its arguments to a new process, which sets Django up on the database,
calls it, prints what it returns as JSON, and ends at once. What jobs print and log goes nowhere
there, but it is formatted. Progress goes to the standard error stream of both.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parent.parent

END_SECONDS = 5.0

Answer = TypeVar("Answer")


def say(text: str) -> None:
    """Tell how far the measurement is."""
    print(text, file=sys.stderr, flush=True)


def environment(url: str) -> dict[str, str]:
    """The environment of a process that is to use a database."""
    return {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "benchmark", "TIME_ZONE": "UTC"}


def wait_until(condition: Callable[[], bool], most: float, every: float = 0.02) -> bool:
    """Whether a condition came to hold within so many seconds."""
    deadline = time.monotonic() + most
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def call(function: Callable[..., Answer], url: str, *arguments: Any) -> Answer:
    """What a function of a module returns in a process of its own: text, numbers, lists, dicts.

    Raises subprocess.CalledProcessError where it fails.
    """
    (answer,) = call_together(function, url, *arguments, times=1)
    return answer


def command(function: Callable[..., object], *arguments: Any) -> list[str]:
    """What starts a process that calls a function."""
    target = f"{function.__module__}:{function.__qualname__}"
    return [sys.executable, "-m", "benchmarks.own_process", target, json.dumps(arguments)]


def call_together(
    function: Callable[..., Answer], url: str, *arguments: Any, times: int
) -> list[Answer]:
    """The same in several processes side by side."""
    children = [
        subprocess.Popen(
            command(function, *arguments), cwd=ROOT, env=environment(url), stdout=subprocess.PIPE
        )
        for _ in range(times)
    ]
    try:
        return [_answer(child) for child in children]
    finally:
        for child in children:
            end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """End a process, with what it started, where it hasn't ended yet."""
    child.terminate()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _answer(child: subprocess.Popen[bytes]) -> Any:
    output, _ = child.communicate()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, child.args)
    return json.loads(output)


def exit_when_told() -> None:
    """Have SIGTERM end this process in order: what it started ends, its databases are dropped."""
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(128 + signum))


def main() -> None:
    """The new process: MODULE:FUNCTION and its arguments as JSON."""
    exit_when_told()
    status = 1
    try:
        _answer_parent(*sys.argv[1:])
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)  # what still runs is of no interest


def _answer_parent(target: str, arguments: str) -> None:
    import django

    # What worker processes print goes to the stream with the number 1, too.
    parent = os.fdopen(os.dup(1), "w")
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  # until the end
    os.dup2(sys.stdout.fileno(), 1)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    module, name = target.split(":")
    answer = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    print(json.dumps(answer), file=parent, flush=True)


if __name__ == "__main__":
    main()
