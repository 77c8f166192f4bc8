"""What is sent to a channel, in the forms that the kinds of channels need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """One message to one channel."""

    id: str
    """A UUID's text. It stays the same for each try."""
    subject: str
    """One line."""
    text: str
    html: str
    payload: dict[str, Any]
    """The same for programs. It can be written as JSON."""
