"""That a message can't be sent."""

from __future__ import annotations


class CannotSend(Exception):  # noqa: N818  # what happens, not that it is an error
    """Its text is one sentence for the admin's page and the log. It holds no secret."""
