"""The terminal beside a run's output: no run fails because of it, and none closes it for others."""

from __future__ import annotations

import errno
import io
import logging
import sys
import weakref

import pytest

from countjobs.executors.output import capturing
from countjobs.management.logs import show_lines_at_once
from tests.support.executing import captured

CAP = 1_000


class BrokenPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.EPIPE, "Broken pipe")

    def flush(self) -> None:
        raise OSError(errno.EPIPE, "Broken pipe")


def test_a_run_goes_on_where_the_terminal_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", BrokenPipe())
    with capturing(), captured(CAP) as output:
        print("kept", flush=True)
    assert output.value() == "kept\n"


def test_others_than_runs_are_told_that_the_terminal_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", BrokenPipe())
    with capturing():
        with pytest.raises(OSError, match="Broken pipe"):
            print("lost")
        with pytest.raises(OSError, match="Broken pipe"):
            sys.stdout.flush()


def test_a_run_says_what_the_terminal_has_no_letters_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    with capturing(), captured(CAP) as output:
        print("日本")
    assert output.value() == "日本\n"


def test_a_run_prints_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with capturing():
        with captured(CAP) as output:
            print("kept", flush=True)
            sys.stdout.close()
        print("the program")
    assert output.value() == "kept\n"
    assert sys.stdout is None


def test_a_run_that_closes_the_stream_closes_it_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with capturing():
        with captured(CAP):
            sys.stdout.close()
        with captured(CAP) as output:
            print("the next run")
        print("the program")
        assert stream.getvalue() == "the next run\nthe program\n"
        sys.stdout.close()
    assert stream.closed
    assert output.value() == "the next run\n"


def test_what_a_job_prints_into_a_pipe_is_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding="utf-8"))
    show_lines_at_once()
    print("0")
    assert pipe.getvalue() == b"0\n"


def test_a_stdout_that_is_no_file_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    show_lines_at_once()


def test_a_run_that_replaces_the_streams_does_not_take_the_output_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with capturing():
        with captured(CAP):
            sys.stdout = io.StringIO()
            sys.stdout.close()
        with captured(CAP) as output:
            print("kept")
    assert output.value() == "kept\n"


def test_a_run_that_sets_up_logging_anew_does_not_take_the_output_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    with capturing():
        with captured(CAP):
            logging.basicConfig(force=True)
        with captured(CAP) as output:
            logging.getLogger("tests.output").warning("kept")
    assert output.value().endswith("WARNING kept\n")


def test_a_run_outside_of_a_scheduler_leaves_the_streams_alone() -> None:
    before = sys.stdout
    with captured(CAP):
        assert sys.stdout is before


def test_a_stream_outlives_the_print_during_which_another_run_replaces_it() -> None:
    """`print` holds on to no stream: Python crashed where a job redirected what others wrote to."""
    before = sys.stdout

    class Replacing:
        def __str__(self) -> str:
            sys.stdout = before
            return "text"

    with capturing():
        sys.stdout = redirected = io.StringIO()  # as a job does
        with captured(CAP) as output:  # as another run begins
            stream = weakref.ref(sys.stdout)
            print(Replacing(), end="")
            assert stream() is not None
        assert (redirected.getvalue(), output.value()) == ("text", "text")
        with captured(CAP):
            print(end="")
        assert stream() is None, "it is let go with the next text"
