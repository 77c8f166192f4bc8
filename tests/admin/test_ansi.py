"""Issue 8, line 36: a run's output is shown in the colours that it was written in."""

from __future__ import annotations

import re
import time
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import countjobs
from countjobs.admin.executions.ansi import MOST_SPANS, coloured
from countjobs.models import Execution
from tests.support.factories import make_execution

CSS = (Path(countjobs.__file__).parent / "static/countjobs/terminal.css").read_text()


def span(classes: str, text: str) -> str:
    names = " ".join(f"countjobs-{name}" for name in classes.split())
    return f'<span class="{names}">{text}</span>'


def test_text_without_sequences_stays_as_it_is() -> None:
    assert coloured("plain 日本\n") == "plain 日本\n"
    assert coloured("") == ""


@pytest.mark.parametrize(
    ("codes", "classes"),
    [
        ("31", "fg-1"),
        ("0;32", "fg-2"),
        ("97", "fg-15"),
        ("44", "bg-4"),
        ("101", "bg-9"),
        ("1;33;40", "bold fg-3 bg-0"),
        ("1;2;3;4;7;9", "bold dim inverse italic struck underline"),
        ("38;5;9", "fg-9"),
        ("38;5;196", "fg-9"),
        ("38;5;232", "fg-0"),
        ("38;5;255", "fg-15"),
        ("38;5;244", "fg-8"),
        ("48;5;21", "bg-12"),
        ("38;2;200;0;0", "fg-1"),
        ("38;2;0;255;0", "fg-10"),
        ("38:2::0:0:255", "fg-12"),
        ("38:5:3", "fg-3"),
        ("4:3", "underline"),
        ("58;5;1;1", "bold"),
        ("31;38", ""),
        ("31;39", ""),
        ("1;22", ""),
        ("1;4;24", "bold"),
        ("5;8;200;31", "fg-1"),
        ("38;5;999", ""),
        ("", ""),
        (";;;", ""),
    ],
)
def test_what_a_terminal_would_do(codes: str, classes: str) -> None:
    expected = span(classes, "x") if classes else "x"
    assert coloured(f"\x1b[{codes}mx\x1b[my") == f"{expected}y"
    assert coloured(f"\x9b{codes}mx") == expected


def test_a_look_goes_on_over_lines_and_what_changes_nothing() -> None:
    assert coloured("\x1b[31ma\n\x1b[Kb\x1b[31mc") == span("fg-1", "a\nbc")


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[2J",
        "\x1b[10;20H",
        "\x1b[?25l",
        "\x1b]0;a title\x07",
        "\x1b]8;;javascript:alert(1)\x1b\\",
        "\x1bPq#0\x1b\\",
        "\x1b(B",
        "\x1b7",
        "\x1bc",
        "\x1b",
        "\x9b2J",
        "\x85",
        "\x1b[<1;2M",
    ],
)
def test_other_sequences_are_not_shown(sequence: str) -> None:
    assert coloured(f"a{sequence}") == "a"
    if sequence != "\x1b":
        assert coloured(f"a{sequence}\nb") == "a\nb"


def test_a_title_that_never_ends_hides_nothing() -> None:
    assert "the rest" in coloured("\x1b]0;title\nthe rest")
    assert "the rest" in coloured("\x1bPthe rest")
    assert "the rest" in coloured("\x1b[31\nthe rest")


def test_markup_is_text_in_any_colour() -> None:
    assert coloured("<b>\x1b[31m<i>&") == "&lt;b&gt;" + span("fg-1", "&lt;i&gt;&amp;")


TERMINALS = st.text(st.sampled_from("\x1b\x9b[]0135;:m48m<>&\"' a\n\x07\\P"), max_size=200)


@given(TERMINALS)
def test_whatever_comes_it_is_spans_of_our_classes_and_escaped_text(text: str) -> None:
    html = coloured(text)
    pieces = re.split(r'<span class="(?:countjobs-[a-z0-9-]+ ?)+">|</span>', html)
    assert not re.search("[<>\"'\x1b\x80-\x9f]", "".join(pieces))
    assert html.count("<span") == html.count("</span>")
    shown = unescape("".join(pieces))
    assert shown.count("\n") == text.count("\n"), "no line is lost"


@pytest.mark.parametrize(
    "unit",
    ["\x1b[31mx\x1b[32my", "\x1b", "\x1b[", "\x1b]", "\x1b]0;", "\x1bP", "\x1b[1;", "\x9b1;", "1;"],
)
def test_64_kib_of_sequences_are_little_work_and_a_light_page(unit: str) -> None:
    text = ("\x1b[" if unit == "1;" else "") + unit * (65_536 // len(unit))
    began = time.process_time()
    html = coloured(text)
    assert time.process_time() - began < 1
    assert html.count("<span") <= MOST_SPANS
    assert len(html) < 300_000


# The colours


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * each for each in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("number", "ground"), [(0, "#f8f8f8"), (1, "#212121"), (2, "#212121")], ids=str
)
def test_each_colour_is_readable_on_the_boxs_ground(number: int, ground: str) -> None:
    block = re.findall(r"\{\n((?: +--countjobs-colour-.*\n)+)", CSS)[number]
    colours = re.findall(r"--countjobs-colour-\d+: (#\w+);", block)
    assert len(colours) == 16
    for colour in colours:
        lighter, darker = sorted([luminance(colour), luminance(ground)], reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, colour


def test_every_class_has_a_look() -> None:
    flags = ["bold", "dim", "italic", "underline", "struck", "inverse"]
    names = flags + [f"{part}-{n}" for part in ("fg", "bg") for n in range(16)]
    assert [name for name in names if f".countjobs-{name} {{" not in CSS] == []


# The page


@pytest.mark.django_db
def test_the_runs_page_and_its_live_part_are_coloured_and_what_is_stored_is_untouched(
    admin_client: Client,
) -> None:
    output = "\x1b[1;31mred\x1b[0m <b>"
    run = make_execution(output=output)
    for address in ("change", "live"):
        page = admin_client.get(f"/admin/countjobs/execution/{run.pk}/{address}/").content.decode()
        assert f"{span('bold fg-1', 'red')} &lt;b&gt;</pre>" in page
        assert "style=" not in page.split('class="countjobs-text"')[1].split("</pre>")[0]
    page = admin_client.get(f"/admin/countjobs/execution/{run.pk}/change/").content.decode()
    assert "countjobs/terminal.css" in page
    assert Execution.objects.get().output == output
