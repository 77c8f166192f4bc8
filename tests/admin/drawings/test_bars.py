"""The overview's pictures: bars and marks as SVG."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countjobs.admin.drawings.bars import HEIGHT, Bar, heights, marks, stacked_bars


@pytest.mark.parametrize(
    ("amounts", "most", "expected"),
    [
        ([], 0, []),
        ([0, 0], 0, [0, 0]),
        ([1], 1, [100]),
        ([1, 1], 4, [25, 25]),
        ([0, 3], 4, [0, 75]),
        ([99_999, 1], 100_000, [98, 2]),
        ([1], 1_000_000, [2]),
    ],
)
def test_a_part_is_as_high_as_its_share(amounts: list[int], most: int, expected: list[int]) -> None:
    assert heights(amounts, most) == expected


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_no_part_is_lost_and_no_bar_is_higher_than_the_picture(amounts: list[int]) -> None:
    high = heights(amounts, sum(amounts))
    assert sum(high) <= HEIGHT
    assert [bool(height) for height in high] == [bool(amount) for amount in amounts]


def rectangles(svg: str, look: str) -> list[tuple[float, ...]]:
    found = re.findall(
        rf'<rect class="{look}" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', svg
    )
    return [tuple(map(float, each)) for each in found]


def test_bars_stand_side_by_side_and_their_parts_on_each_other() -> None:
    svg = stacked_bars(
        [Bar([("good", 3), ("bad", 1)], "first"), Bar([("good", 0), ("bad", 2)], "second")], "Label"
    )
    assert rectangles(svg, "countjobs-bar-good") == [(1, 25, 8, 75)]
    assert rectangles(svg, "countjobs-bar-bad") == [(1, 0, 8, 25), (11, 50, 8, 50)]
    assert svg.count("<title>") == 2


def test_a_picture_of_nothing_is_a_picture() -> None:
    assert "<rect" not in stacked_bars([], "Label")
    assert "countjobs-bar-" not in stacked_bars([Bar([("good", 0)], "none")], "Label")


def test_marks_stay_on_the_line() -> None:
    svg = marks([(-1, "before"), (0.5, "half"), (2, "after")], "Label")
    places = [x for x, *_rest in rectangles(svg, "countjobs-mark")]
    assert places == [0, 49.8, 99.6]


def test_titles_and_labels_are_escaped_and_nothing_needs_an_inline_style() -> None:
    evil = "\"><script>alert('x')</script>"
    for svg in (stacked_bars([Bar([("good", 1)], evil)], evil), marks([(0, evil)], evil)):
        assert "<script" not in svg
        assert "&lt;script&gt;" in svg
        assert "style=" not in svg
