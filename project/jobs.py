"""Functions that may be scheduled on this site: examples, to try the form of function jobs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator

from countjobs import job


@job(group="Examples")
def count(
    number: Annotated[int, MinValueValidator(0), MaxValueValidator(1_000_000)] = 3,
    messages: dict[str, str] | None = None,
) -> None:
    """Count, then say each message.

    Args:
        number: How far to count.
        messages: What to say then.
    """
    for index in range(number):
        print(index)
    for key, text in (messages or {}).items():
        print(f"{key}: {text}")


@job(group="Examples", time_limit=60, retries=2)
def greet(
    *,
    user: User,
    words: list[str],
    language: Literal["en", "ja"] = "en",
    since: date | None = None,
    wait: timedelta = timedelta(hours=1),
    loudly: bool = False,
) -> None:
    """Greet a user: an example with an argument of each sort.

    Args:
        user: Who is greeted.
        words: What else is said.
        language: The language of the greeting.
        since: The first day that counts.
        wait: How long until the next greeting.
        loudly: Say it in capitals.
    """
    hello = {"en": "Hello", "ja": "こんにちは"}[language]
    for line in [f"{hello}, {user}!", *words]:
        print(line.upper() if loudly else line)
    print(f"Since {since}, every {wait}.")
