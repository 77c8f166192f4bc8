"""Issue 8, line 5: a stand-in behaves as the text stream that it stands for, whoever asks."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import io
import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countjobs.capped import CappedText
from countjobs.executors.output import capturing
from countjobs.executors.standins import beneath
from countjobs.management.streams import batched_streams
from tests.support.executing import captured
from tests.support.terminals import Terminal

CAP = 10_000

Stack = Callable[[], AbstractContextManager[None]]


@contextmanager
def batched_and_captured() -> Iterator[None]:
    """As in `runscheduler`."""
    with batched_streams(), capturing():
        yield


@pytest.fixture(params=[capturing, batched_and_captured], ids=["captured", "batched"])
def stack(request: pytest.FixtureRequest) -> Stack:
    return request.param  # type: ignore[no-any-return]  # one of the two above


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "terminal")


def answer(ask: Callable[[Any], object], stream: object) -> object:
    """What a stream says, or the error that it raises."""
    try:
        return ask(stream)
    except Exception as error:
        return type(error)


def called(name: str, stream: Any) -> object:
    return attrgetter(name)(stream)()


ATTRIBUTES = """
    buffer.closed buffer.name buffer.mode encoding errors newlines line_buffering
    write_through mode name closed
"""
METHODS = """
    buffer.writable buffer.fileno buffer.isatty buffer.read flush isatty fileno readable
    writable read readline readlines
"""
QUESTIONS: dict[str, Callable[[Any], object]] = {
    **{name: attrgetter(name) for name in ATTRIBUTES.split()},
    **{name: partial(called, name) for name in METHODS.split()},
    "write": lambda stream: stream.write("ab\n"),
    "write nothing": lambda stream: stream.write(""),
    "write bytes": lambda stream: stream.write(b"a"),
    "write None": lambda stream: stream.write(None),
    "write a number": lambda stream: stream.write(1),
    "writelines": lambda stream: stream.writelines(iter(["a", "b"])),
    "writelines of bytes": lambda stream: stream.writelines([b"a"]),
    "print": lambda stream: print("a", 1, file=stream, flush=True),
    "buffer.write": lambda stream: stream.buffer.write(b"ab"),
    "buffer.write text": lambda stream: stream.buffer.write("a"),
    "buffer.write a memoryview": lambda stream: stream.buffer.write(memoryview(b"abc")),
    "buffer.writelines": lambda stream: stream.buffer.writelines([b"a", b"b"]),
    "iteration": next,
    "reconfigure": lambda stream: stream.reconfigure(line_buffering=False),
    "is a text stream": lambda stream: isinstance(stream, io.TextIOBase),
    "what there isn't": lambda stream: stream.no_such_thing,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_stand_in_answers_as_the_stream_itself(
    question: str, stack: Stack, terminal: Terminal
) -> None:
    with terminal():
        expected = answer(QUESTIONS[question], sys.stdout)
    with terminal(), stack():
        outside = answer(QUESTIONS[question], sys.stdout)
        with captured(CAP):
            inside = answer(QUESTIONS[question], sys.stdout)
    assert (outside, inside) == (expected, expected)


UNASKED = {"seek", "seekable", "tell", "truncate"}
"""A run can't move in what others write to, even where it is a file."""


def test_every_name_of_a_text_stream_is_asked_for_here() -> None:
    """Issue 8, line 5: what Python adds to its streams is noticed."""
    names = {name for name in dir(io.TextIOWrapper) if not name.startswith("_")}
    tested = {re.split("[ .]", question)[0] for question in QUESTIONS}
    assert names - tested - UNASKED == {"close", "detach"}


@pytest.mark.parametrize("name", sorted(UNASKED - {"seekable"}))
def test_a_run_does_not_move_in_the_stream(name: str, stack: Stack, terminal: Terminal) -> None:
    with terminal(), stack(), captured(CAP):
        assert not sys.stdout.seekable()
        with pytest.raises(io.UnsupportedOperation):
            getattr(sys.stdout, name)(*[0] * (name == "seek"))


BREAKING: dict[str, Callable[[Any], object]] = {
    "close": lambda stream: stream.close(),
    "buffer.close": lambda stream: stream.buffer.close(),
    "detach": lambda stream: stream.detach().write(b""),
    "with": lambda stream: stream.__enter__().__exit__(None, None, None),
    "reconfigure": lambda stream: stream.reconfigure(encoding="ascii", newline="\r\n"),
    "a wrapper that goes": lambda stream: io.TextIOWrapper(stream.buffer).write("") and None,
    "bytes": lambda stream: answer(lambda it: it.write(b"bytes"), stream),
    "a handler": lambda stream: logging.StreamHandler(stream).close(),
}


@pytest.mark.parametrize("breaking", BREAKING)
def test_nothing_that_a_run_does_to_the_stream_breaks_others(
    breaking: str, stack: Stack, terminal: Terminal
) -> None:
    with terminal(), stack():
        with captured(CAP) as output:
            BREAKING[breaking](sys.stdout)
            print("é goes on", flush=True)
        with captured(CAP) as other:
            print("another run")
        print("the program", flush=True)
    assert str(terminal) == "é goes on\nanother run\nthe program\n"
    assert (output.value(), other.value()) == ("é goes on\n", "another run\n")


def test_bytes_and_text_keep_their_order(stack: Stack, terminal: Terminal) -> None:
    with terminal(), stack(), captured(CAP) as output:
        for number in range(5):
            print("text", number, flush=True)
            sys.stdout.buffer.write(f"bytes {number}\n".encode())
            sys.stdout.buffer.flush()
    lines = [f"{kind} {number}" for number in range(5) for kind in ("text", "bytes")]
    assert output.value().splitlines() == lines
    assert str(terminal).splitlines() == lines


def test_bytes_that_are_no_text_are_written_out(stack: Stack, terminal: Terminal) -> None:
    with terminal(), stack(), captured(CAP) as output:
        sys.stdout.buffer.write(b"\xff\x00\n")
    assert output.value() == "\\xff\\x00\n"
    assert terminal.path.read_bytes() == b"\xff\x00\n", "the terminal gets what was written"


@given(st.text(), st.lists(st.integers(0, 40)))
def test_characters_may_come_in_parts(text: str, cuts: list[int]) -> None:
    data = text.encode()
    bounds = [0, *sorted(cuts), len(data)]
    output = CappedText(CAP)
    for start, end in pairwise(bounds):
        output.write_bytes(data[start:end], "utf-8")
    assert output.value() == text.replace("\0", "\\x00")


def test_a_stream_without_bytes_below_takes_them_as_text(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = io.StringIO()
    monkeypatch.setattr(sys, "stdout", below)
    with stack(), captured(CAP) as output:
        sys.stdout.buffer.write("é\n".encode())
    assert (output.value(), below.getvalue()) == ("é\n", "é\n")


def test_a_process_without_streams_answers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with capturing(), captured(CAP) as output:
        for ask in QUESTIONS.values():
            answer(ask, sys.stdout)
        stream: Any = sys.stdout
        assert (stream.encoding, stream.errors, stream.mode) == ("utf-8", "strict", "w")
        assert not stream.isatty()
        with pytest.raises(OSError, match="fileno"):
            stream.fileno()
    assert "ab" in output.value()


class Broken(io.StringIO):
    """A terminal that raises what no terminal should."""

    def write(self, text: str) -> int:
        raise RuntimeError("broken")

    def flush(self) -> None:
        raise TypeError("broken")


def test_no_fault_of_the_terminal_gets_into_a_run(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Broken())
    with stack(), captured(CAP) as output:
        print("kept", flush=True)
        sys.stdout.buffer.write(b"this, too\n")
    assert output.value() == "kept\nthis, too\n"


def test_a_terminal_that_raises_once_is_written_to_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 8, line 5: the thread that writes the log lives on."""
    below = io.StringIO()
    monkeypatch.setattr(sys, "stdout", below)
    with batched_streams():
        stream: Any = sys.stdout
        stream._batch.put(below, b"bytes")
        stream._batch.write_all()
        print("goes on")
    assert below.getvalue() == "goes on\n"


def test_a_stand_in_that_goes_closes_nothing(terminal: Terminal) -> None:
    with terminal(), capturing():
        below = beneath(sys.stdout)
        with capturing(), capturing():
            pass
        gc.collect()
        assert not below.closed


# What people use


def test_click_echo_works_as_anywhere(stack: Stack, terminal: Terminal) -> None:
    click = pytest.importorskip("click")
    with terminal(), stack(), captured(CAP) as output:
        click.echo("text")
        click.echo(b"bytes")
        click.secho("colour", fg="red", err=True)
    assert output.value().splitlines()[:2] == ["text", "bytes"]
    assert "colour" in output.value()
    assert str(terminal).splitlines()[:2] == ["text", "bytes"]


def test_rich_works_as_anywhere(stack: Stack, terminal: Terminal) -> None:
    console = pytest.importorskip("rich.console")
    with terminal(), stack(), captured(CAP) as output:
        console.Console().print("[bold]text[/bold]")
    assert output.value() == "text\n"


def test_a_stream_handler_made_in_a_run_works(stack: Stack, terminal: Terminal) -> None:
    logger = logging.getLogger("tests.standins")
    with terminal(), stack(), captured(CAP) as output:
        handler = logging.StreamHandler()
        logger.addHandler(handler)
        try:
            logger.warning("once")
        finally:
            logger.removeHandler(handler)
    assert output.value().splitlines()[0] == "once"


def test_redirected_text_stays_where_it_is_sent(stack: Stack, terminal: Terminal) -> None:
    target = io.StringIO()
    with terminal(), stack(), captured(CAP) as output:
        with contextlib.redirect_stdout(target):
            print("elsewhere")
        print("here")
    assert (target.getvalue(), output.value()) == ("elsewhere\n", "here\n")


def test_faulthandler_finds_the_file_below(stack: Stack, terminal: Terminal) -> None:
    with terminal(), stack(), captured(CAP):
        faulthandler.dump_traceback(sys.stderr)
    assert "test_standins.py" in str(terminal)
