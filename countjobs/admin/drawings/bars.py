"""Bars and marks along a day, as SVG. They have no text, so that any width may stretch them.

What they show is also said in words beside them, and in the title of each bar and mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

HEIGHT = 100
STEP = 10
_GAP = 2
_LEAST = 2
"""The least height of a part, so that one run among a hundred thousand is still visible."""
_MARK = 0.4


@dataclass(frozen=True)
class Bar:
    """A bar, from the bottom up: the class and size of each part; its title, and its link."""

    parts: Sequence[tuple[str, int]]
    title: str
    url: str = ""

    @property
    def total(self) -> int:
        """All of it."""
        return sum(amount for _look, amount in self.parts)


def stacked_bars(bars: Sequence[Bar], label: str) -> SafeString:
    """Bars side by side. The highest is as high as the picture."""
    most = max((bar.total for bar in bars), default=0)
    drawn = format_html_join(
        "",
        "{}",
        ((_linked(bar, _bar(bar, number * STEP, most)),) for number, bar in enumerate(bars)),
    )
    # A picture with links is no image.
    role = "group" if any(bar.url for bar in bars) else "img"
    return _picture("countjobs-bars", (len(bars) * STEP, HEIGHT), label, drawn, role)


def _linked(bar: Bar, drawn: SafeString) -> SafeString:
    titled = format_html("<g><title>{}</title>{}</g>", bar.title, drawn)
    if not bar.url:
        return titled
    return format_html('<a href="{}" aria-label="{}">{}</a>', bar.url, bar.title, titled)


def heights(amounts: Sequence[int], most: int) -> list[int]:
    """The height of each part of a bar. None is invisible, and together they are at most HEIGHT."""
    if not most:
        return [0 for _amount in amounts]
    high = [max(round(HEIGHT * amount / most), _LEAST if amount else 0) for amount in amounts]
    if (over := sum(high) - HEIGHT) > 0:
        high[high.index(max(high))] -= over
    return high


def _bar(bar: Bar, x: int, most: int) -> SafeString:
    """The whole column, for the pointer, and the parts on it."""
    column = format_html(
        '<rect class="countjobs-column" x="{}" y="0" width="{}" height="{}"/>', x, STEP, HEIGHT
    )
    return column + format_html_join(
        "",
        '<rect class="countjobs-bar-{}" x="{}" y="{}" width="{}" height="{}"/>',
        _rectangles(bar, x, most),
    )


def _rectangles(bar: Bar, x: int, most: int) -> Iterator[tuple[str, float, int, int, int]]:
    y = HEIGHT
    high = heights([amount for _look, amount in bar.parts], most)
    for (look, _amount), height in zip(bar.parts, high, strict=True):
        y -= height
        if height:
            yield look, x + _GAP / 2, y, STEP - _GAP, height


def marks(places: Sequence[tuple[float, str]], label: str) -> SafeString:
    """Marks on a line: where each is, from 0 to 1, and its title."""
    line = format_html('<rect class="countjobs-line" x="0" y="4" width="{}" height="2"/>', HEIGHT)
    drawn = format_html_join(
        "",
        '<rect class="countjobs-mark" x="{}" y="0" width="{}" height="10"><title>{}</title></rect>',
        (
            (f"{min(max(place, 0), 1) * (HEIGHT - _MARK):.2f}", _MARK, title)
            for place, title in places
        ),
    )
    return _picture("countjobs-marks", (HEIGHT, 10), label, line + drawn)


def _picture(
    look: str, size: tuple[int, int], label: str, drawn: SafeString, role: str = "img"
) -> SafeString:
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="{}"'
        ' aria-label="{}">{}</svg>',
        look,
        *size,
        role,
        label,
        drawn,
    )
