"""Streams that are written a moment later: nothing is lost, and nothing gets out of order."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

import pytest

from countjobs.management import streams
from countjobs.management.streams import batched_streams
from tests.support.waiting import wait_until


class Terminal(io.StringIO):
    """Notes what was written in one go."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return super().write(text)


@contextmanager
def batched(terminal: TextIO) -> Iterator[None]:
    """Stdout and stderr batched on one screen; pytest puts its own in place before each test."""
    with redirect_stdout(terminal), redirect_stderr(terminal), batched_streams():
        yield


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_lines_are_written_together_and_in_their_order(terminal: Terminal) -> None:
    with batched(terminal):
        for number in range(100):
            print(number, file=sys.stderr if number % 2 else sys.stdout)
    assert terminal.getvalue() == "".join(f"{number}\n" for number in range(100))
    assert len(terminal.writes) < 100


def test_a_line_appears_while_the_program_goes_on(terminal: Terminal) -> None:
    with batched(terminal):
        print("now", flush=True)
        wait_until(lambda: terminal.getvalue() == "now\n", 60)


def test_log_records_and_prints_stay_in_their_order(terminal: Terminal) -> None:
    logger = logging.getLogger("tests.streams")
    with batched(terminal):
        handler = logging.StreamHandler()
        logger.addHandler(handler)
        print("one")
        logger.warning("two")
        print("three")
        logger.removeHandler(handler)
    assert terminal.getvalue() == "one\ntwo\nthree\n"


def test_whoever_kept_a_stream_still_writes(terminal: Terminal) -> None:
    before = sys.stdout
    with batched(terminal):
        kept = sys.stderr
    assert sys.stdout is before
    kept.write("late")
    assert terminal.getvalue() == "late"


def test_a_terminal_that_is_gone_stops_nobody(terminal: Terminal) -> None:
    with batched(terminal):
        terminal.close()
        print("lost")


def test_whoever_writes_more_than_the_terminal_takes_waits(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_WAITING", 10)
    monkeypatch.setattr(streams, "MOMENT_SECONDS", 60)
    with batched(terminal):
        for number in range(100):
            print(number)
        assert terminal.getvalue() != ""


def test_a_process_without_streams_stays_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with batched_streams():
        print("nowhere")
        assert sys.stdout is None


def test_a_batched_stream_is_otherwise_the_one_it_stands_for(terminal: Terminal) -> None:
    with batched(terminal):
        sys.stdout.writelines(["a", "b"])
        assert not sys.stdout.isatty()
    assert terminal.getvalue() == "ab"
