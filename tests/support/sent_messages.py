"""Messages for tests of what sends them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from countjobs.alerts.message import Message

MESSAGE = Message(
    id="5f0c9f3e-31f5-4f7e-9f7c-0f6f5b0c6f11",
    subject="“Import” failed",
    text="“Import” failed at noon.\n",
    html="<p>“Import” failed at noon.</p>",
    payload={"type": "job.failed", "data": {"name": "取込"}},
)


def message(**values: Any) -> Message:
    return replace(MESSAGE, **values)
