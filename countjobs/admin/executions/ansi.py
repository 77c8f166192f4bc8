"""Colours of a terminal as HTML: SGR sequences become CSS classes, others are dropped.

https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

MOST_SPANS = 2_000
"""Colour changes beyond this number are ignored, so that the page stays small."""

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)(?P<sgr>[0-9;:]*)m"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # move the cursor, clear the screen
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # a title, a link
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)"  # what only terminals use
    r"|\x1b[ -/]*[0-~]?|[\x80-\x9f]"
)
_MOST_CODES = 32
_COLOURS = {
    **{30 + number: number for number in range(8)},
    **{82 + number: number for number in range(8, 16)},
    39: None,
}
"""Codes of foreground colours. Those of backgrounds are higher by 10."""
_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "struck"}
_NO_FLAGS = {
    21: {"bold"},
    22: {"bold", "dim"},
    23: {"italic"},
    24: {"underline"},
    27: {"inverse"},
    29: {"struck"},
}


@dataclass(frozen=True)
class _Style:
    foreground: int | None = None
    background: int | None = None
    flags: frozenset[str] = frozenset()

    def classes(self) -> str:
        names = sorted(self.flags)
        if self.foreground is not None:
            names.append(f"fg-{self.foreground}")
        if self.background is not None:
            names.append(f"bg-{self.background}")
        return " ".join(f"countjobs-{name}" for name in names)


_PLAIN = _Style()


def coloured(text: str) -> SafeString:
    """Text of a terminal as HTML."""
    parts = []
    spans = 0
    for style, piece in _pieces(text):
        if style == _PLAIN or spans >= MOST_SPANS:
            parts.append(escape(piece))
        else:
            spans += 1
            parts.append(format_html('<span class="{}">{}</span>', style.classes(), piece))
    return mark_safe("".join(parts))  # noqa: S308  # each part is escaped


def _pieces(text: str) -> Iterator[tuple[_Style, str]]:
    """Pieces of text, each with its style. Neighbours differ."""
    style, start = _PLAIN, 0
    gathered: list[str] = []
    for found in _SEQUENCE.finditer(text):
        gathered.append(text[start : found.start()])
        start = found.end()
        if found["sgr"] is None or (after := _after(style, found["sgr"])) == style:
            continue
        if piece := "".join(gathered):
            yield style, piece
        gathered.clear()
        style = after
    if piece := "".join([*gathered, text[start:]]):
        yield style, piece


def _after(style: _Style, parameters: str) -> _Style:
    """The style after an SGR sequence. Unknown codes change nothing."""
    codes = iter(list(_codes(parameters))[:_MOST_CODES])
    foreground, background, flags = style.foreground, style.background, style.flags
    for code in codes:
        match code:
            case 0:
                foreground, background, flags = None, None, frozenset()
            case 38:
                foreground = _colour(codes)
            case 48:
                background = _colour(codes)
            case 58:  # the colour of the line beneath
                _colour(codes)
            case _ if code in _COLOURS:
                foreground = _COLOURS[code]
            case _ if code - 10 in _COLOURS:
                background = _COLOURS[code - 10]
            case _ if code in _FLAGS:
                flags |= {_FLAGS[code]}
            case _:
                flags -= _NO_FLAGS.get(code, set())
    return _Style(foreground, background, flags)


def _codes(parameters: str) -> Iterator[int]:
    """The codes. Of numbers between colons, as in `4:3`, only colours need more than the first."""
    for parameter in parameters.split(";"):
        first, *others = (int(each[:4] or 0) for each in parameter.split(":"))
        yield first
        if others and first in (38, 48, 58):
            yield others[0]
            yield from others[-3:] if others[0] == 2 else others[1:]  # noqa: PLR2004  # RGB


def _colour(codes: Iterator[int]) -> int | None:
    """The nearest of the 16 colours for one of 256, or of 16 million."""
    match next(codes, None):
        case 5:
            return _of_256(next(codes, 0))
        case 2:
            return _nearest(next(codes, 0), next(codes, 0), next(codes, 0))
        case _:
            return None


def _of_256(number: int) -> int | None:
    if number < 16:  # noqa: PLR2004
        return number
    if number < 232:  # noqa: PLR2004  # a cube of six by six by six
        red, rest = divmod(number - 16, 36)
        return _nearest(red * 51, rest // 6 * 51, rest % 6 * 51)
    if number < 256:  # noqa: PLR2004  # 24 greys
        level = (number - 232) * 10 + 8
        return _nearest(level, level, level)
    return None


def _nearest(red: int, green: int, blue: int) -> int:
    strongest = max(red, green, blue)
    if strongest < 64:  # noqa: PLR2004  # about black
        return 0
    bits = sum(1 << bit for bit, part in enumerate((red, green, blue)) if part * 3 >= strongest * 2)
    if bits == 7:  # noqa: PLR2004  # a grey
        return 8 if strongest < 144 else 7 if strongest < 224 else 15  # noqa: PLR2004
    return bits + 8 * (strongest >= 224)  # noqa: PLR2004


def plain(text: str) -> str:
    """The text without such sequences."""
    return _SEQUENCE.sub("", text)
