"""Output and progress in shared memory: the same as in a process's own, and whole after a kill."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countjobs.capped import CappedText
from countjobs.executors.shared_memory import (
    RunMemory,
    SharedOutput,
    SharedRunContext,
    new_file,
)
from countjobs.run_context import MOST, Stop
from tests.support.executing import run_of

CAP = 200
TEXTS = st.lists(st.text(st.characters(), max_size=150), max_size=30)
PIECES = st.lists(st.binary(max_size=150), max_size=30)


@pytest.fixture
def memory() -> Iterator[RunMemory]:
    memory = RunMemory(new_file(CAP))
    yield memory
    memory.close()


def both(most: int) -> tuple[CappedText, SharedOutput, RunMemory]:
    memory = RunMemory(new_file(most))
    return CappedText(most), SharedOutput(memory), memory


@given(TEXTS, st.integers(20, 400))
def test_it_keeps_what_capped_text_keeps(texts: list[str], most: int) -> None:
    plain, shared, memory = both(most)
    for text in texts:
        plain.write(text)
        shared.write(text)
        assert SharedOutput(memory).so_far() == plain.so_far(), "as another process sees it"
    assert shared.value() == plain.value()
    memory.close()


@given(PIECES, st.sampled_from(["utf-8", "utf-16-le", "latin-1"]))
def test_bytes_are_decoded_as_there(pieces: list[bytes], encoding: str) -> None:
    plain, shared, memory = both(CAP)
    for piece in pieces:
        plain.write_bytes(piece, encoding)
        shared.write_bytes(piece, encoding)
    assert shared.value() == plain.value()
    memory.close()


def test_text_after_the_end_is_ignored_because_the_memory_is_the_next_runs(
    memory: RunMemory,
) -> None:
    output = SharedOutput(memory)
    output.write("mine")
    assert output.value() == "mine"
    memory.clear()
    output.write("late")
    assert SharedOutput(memory).so_far() == ""


def test_what_is_being_written_when_the_process_is_killed_is_left_out(memory: RunMemory) -> None:
    output = SharedOutput(memory)
    output.write("h" * 100 + "a" * 60 + "b" * 40)
    tail = memory.tail

    class Killed(BaseException):
        pass

    class Tail:
        """The memory of a process that is killed when it writes there."""

        def __len__(self) -> int:
            return len(tail)

        def __setitem__(self, at: slice, data: bytes) -> None:
            tail[at.start : at.start + 20] = data[:20]
            raise Killed

    memory.tail = Tail()  # type: ignore[assignment]  # it is as long
    with pytest.raises(Killed):
        output.write("c" * 30)
    memory.tail = tail
    kept = SharedOutput(memory).so_far()
    assert kept == "h" * 100 + "\n[… 30 bytes cut …]\n" + "a" * 30 + "b" * 40


def test_a_child_writes_and_its_parent_reads_even_after_a_kill(memory: RunMemory) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        SharedOutput(RunMemory(memory.fd)).write("before the end")
        os.write(writer, b".")
        threading.Event().wait(60)
        os._exit(0)
    assert os.read(reader, 1) == b"."
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    assert SharedOutput(memory).so_far() == "before the end"


def test_no_byte_that_a_job_has_put_there_is_more_than_a_database_takes(memory: RunMemory) -> None:
    SharedOutput(memory).write("x" * 20)
    memory.head[5:10] = b"\0\xff\xed\xa0\x80"
    assert SharedOutput(memory).so_far() == "xxxxx\\x00xxxxxxxxxx"


@pytest.mark.parametrize("numbers", [(-1,) * 8, (2**63 - 1,) * 8, (7, 3, 9, -5, -5, 0, 0, 0)])
def test_numbers_that_a_job_has_put_there_break_nothing(
    memory: RunMemory, numbers: tuple[int, ...]
) -> None:
    for at, number in enumerate(numbers):
        memory.numbers[at] = number
    context = SharedRunContext(run_of(int), RunMemory(memory.fd))
    for at, number in enumerate(numbers):
        memory.numbers[at] = number
    assert len(SharedOutput(memory).so_far()) < 5 * CAP
    done, total = context.progress()
    assert done is None or 0 <= done <= MOST
    assert total is None or 0 <= total <= MOST
    assert memory.stop is None or len(memory.stop.reason) <= 3_000


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ((1, 3), (1, 3)),
        ((5, None), (5, None)),
        ((7, 3), (7, 7)),
        ((-1, 2), (0, 2)),
        ((10**30, "many"), (MOST, None)),
        ((None, 3), (None, None)),
    ],
)
def test_progress_is_seen_as_it_would_be_in_this_process(
    memory: RunMemory, told: tuple[object, object], seen: tuple[int | None, int | None]
) -> None:
    inside = SharedRunContext(run_of(int), memory)
    outside = SharedRunContext(run_of(int), memory)
    inside.told = told
    assert outside.progress() == seen


def test_why_a_run_is_to_stop_is_seen(memory: RunMemory) -> None:
    memory.clear()
    assert not memory.stop
    memory.stop = Stop("cancelled", "Ann cancelled it: “é\ud800”.")
    seen = memory.stop
    assert seen == Stop("cancelled", "Ann cancelled it: “é\\ud800”.")
    memory.clear()
    assert not memory.stop


def test_the_longest_reason_is_cut_and_harms_nothing(memory: RunMemory) -> None:
    SharedOutput(memory).write("kept")
    memory.stop = Stop("timed_out", "é" * 5_000)
    assert memory.stop is not None
    assert memory.stop.reason == "é" * 1_000
    assert SharedOutput(memory).so_far() == "kept"
