"""Rows that this release doesn't know: looked for once a minute for all endpoints together."""

from __future__ import annotations

from countjobs.endpoints.kept_answers import Kept
from countjobs.jobstores.strangers import Strangers, find_strangers

_SECONDS = 60.0

strangers: Kept[Strangers] = Kept(find_strangers, Strangers, _SECONDS)
"""Looking for them costs more than all the rest that probes are told."""
