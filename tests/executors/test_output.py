"""What a run prints and logs: its own, all of it, and no more than fits."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from countjobs.capped import CappedText
from countjobs.executors.output import Capture, capturing
from tests.support.executing import captured

CAP = 1_000

logger = logging.getLogger("tests.output")


def capped(*texts: str, most: int = CAP) -> str:
    text = CappedText(most)
    for each in texts:
        text.write(each)
    return text.value()


def test_text_that_fits_is_kept_to_the_letter() -> None:
    assert capped("a" * CAP) == "a" * CAP
    assert capped(*["日\n"] * 250) == "日\n" * 250


@pytest.mark.parametrize("pieces", [["h" * 50_000 + "t" * 50_000], ["h"] * 5_000 + ["t"] * 5_000])
def test_promise_22_of_text_beyond_the_cap_head_and_tail_are_kept_and_the_cut_is_marked(
    pieces: list[str],
) -> None:
    head, mark, tail = capped(*pieces).split("\n")
    assert (head, tail) == ("h" * 500, "t" * 500)
    assert mark == f"[… {sum(map(len, pieces)) - CAP:,} bytes cut …]"


@pytest.mark.parametrize("most", range(100, 108))
def test_a_cut_never_leaves_half_a_character(most: int) -> None:
    head, _, tail = capped("🎌日é" * 100, most=most).split("\n")
    assert set(head + tail) == set("🎌日é")
    assert len((head + tail).encode()) <= most


def test_the_memory_that_is_kept_stays_within_twice_the_cap() -> None:
    text = CappedText(CAP)
    for _ in range(1_000):
        text.write("x" * 700)
        assert len(text._head) + len(text._tail) <= 2 * CAP
    text.write("x" * 10_000_000)
    assert len(text._head) + len(text._tail) <= 2 * CAP


def test_what_databases_refuse_is_written_out() -> None:
    assert capped("nul \0, half \ud83d") == "nul \\x00, half \\ud83d"


@pytest.mark.parametrize("most", [100, 101, 1_000])
def test_what_another_thread_sees_of_growing_text_is_what_is_kept(most: int) -> None:
    text = CappedText(most)
    for _ in range(1_000):
        text.write("日é")
        copy = text.so_far()
        assert copy == text.so_far(), "to look changes nothing"
        assert copy == text.value()


def test_text_can_be_looked_at_while_a_thread_writes_it() -> None:
    text = CappedText(CAP)
    done = threading.Event()

    def write() -> None:
        for _ in range(50_000):
            text.write("日é🎌\n")
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        assert len(text.so_far().encode()) <= CAP + 50
        assert set(text.so_far()) <= set("日é🎌\n[… 0123456789,bytes cut]")
    thread.join()
    assert text.so_far() == text.value()


def test_prints_and_log_lines_are_kept_in_their_order(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with capturing(), captured(CAP) as output:
        print("one")
        logger.info("two")
        print("three", file=sys.stderr)
        sys.stdout.writelines(["four\n"])
    one, two, three, four = output.value().splitlines()
    assert (one, three, four) == ("one", "three", "four")
    day, time, rest = two.split(" ", 2)
    assert (len(day), len(time), rest) == (10, 8, "INFO two")


def test_promise_22_runs_side_by_side_each_keep_their_own_output(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    outputs: dict[str, str] = {}
    together = threading.Barrier(2, timeout=60)

    def run(name: str) -> None:
        with captured(100_000) as output:
            for index in range(200):
                together.wait()
                print(name, index)
                logger.info("%s logs", name)
        outputs[name] = output.value()

    threads = [threading.Thread(target=run, args=(name,)) for name in ("left", "right")]
    with capturing():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in ("left", "right"):
        lines = outputs[name].splitlines()
        assert lines[::2] == [f"{name} {index}" for index in range(200)]
        assert all(line.endswith(f"INFO {name} logs") for line in lines[1::2])


def test_what_a_thread_prints_that_the_run_starts_is_not_kept() -> None:
    with capturing(), captured(CAP) as output:
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        print("from the run")
    assert output.value() == "from the run\n"


def test_the_exception_of_a_log_record_is_kept() -> None:
    with capturing(), captured(CAP) as output:
        try:
            raise ValueError("reason")
        except ValueError:
            logger.exception("it failed")
    assert "ERROR it failed\nTraceback" in output.value()
    assert output.value().endswith("ValueError: reason\n")


def test_a_log_record_that_can_not_be_formatted_does_not_end_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own would raise
    with capturing(), captured(CAP * 10) as output:
        logger.error("%d is no number", "one")
        print("goes on")
    assert output.value().endswith("goes on\n")
    assert "Logging error" in output.value()


def test_the_streams_are_as_before_when_the_last_has_removed_it() -> None:
    before = sys.stdout, sys.stderr, list(logging.getLogger().handlers)
    Capture.install()
    Capture.install()
    Capture.remove()
    assert sys.stdout is not before[0]
    Capture.remove()
    assert (sys.stdout, sys.stderr, logging.getLogger().handlers) == before


def test_a_stream_that_somebody_else_put_in_place_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        theirs = sys.__stdout__
        with capturing():
            patch.setattr(sys, "stdout", theirs)
        assert sys.stdout is theirs


def test_a_tee_that_somebody_has_put_back_does_not_double_the_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with capturing():
        left_behind = sys.stdout
    monkeypatch.setattr(sys, "stdout", left_behind)
    with capturing(), captured(CAP) as output:
        print("once")
    assert output.value() == "once\n"


def test_nothing_is_kept_outside_a_run() -> None:
    with capturing():
        with captured(CAP) as output:
            pass
        print("afterwards")
        logger.warning("afterwards")
    assert output.value() == ""


def test_the_terminal_gets_everything_too(capsys: pytest.CaptureFixture[str]) -> None:
    with capturing(), captured(CAP):
        print("shown")
    assert capsys.readouterr().out == "shown\n"
