"""Text from outside and of the history: any database takes it, and messages can quote it."""

from __future__ import annotations

import pytest
from django.db import connection

from countjobs.text import MOST_ERROR_CHARACTERS, describe, storable
from tests.support.errors import HostileError, MuteError


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain", "plain"),
        ("日本語 🎌", "日本語 🎌"),
        ("a\0b", "a\\x00b"),
        ("half \ud83d", "half \\ud83d"),
        ("", ""),
    ],
)
def test_text_is_kept_but_for_what_databases_refuse(text: str, stored: str) -> None:
    assert storable(text) == stored


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["a\0b", "\ud83d", "\udc80\0"])
def test_storable_text_comes_back_from_the_database_as_it_was(text: str) -> None:
    with connection.cursor() as cursor:
        as_text = "%s::text" if connection.vendor == "postgresql" else "%s"
        cursor.execute(f"SELECT {as_text}", [storable(text)])
        assert cursor.fetchone() == (storable(text),)


def test_an_error_is_described_as_in_the_last_line_of_a_traceback() -> None:
    assert describe(ValueError("too much")) == "ValueError: too much"


def test_the_notes_of_an_error_are_part_of_its_description() -> None:
    error = ValueError("too much")
    error.add_note("of everything")
    assert describe(error) == "ValueError: too much\nof everything"


def test_an_error_whose_text_raises_is_described_all_the_same() -> None:
    assert "MuteError" in describe(MuteError())


def test_an_error_that_cannot_even_be_formatted_is_named() -> None:
    assert "HostileError" in describe(HostileError())


def test_a_description_is_storable_and_short() -> None:
    described = describe(ValueError("\0\ud83d" + "x" * 10_000))
    assert "\\x00\\ud83d" in described
    assert len(described) == MOST_ERROR_CHARACTERS
