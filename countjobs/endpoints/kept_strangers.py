"""The rows that nobody here knows: looked for once a minute, however many endpoints tell of them."""

from __future__ import annotations

from countjobs.endpoints.kept_answers import Kept
from countjobs.jobstores.strangers import Strangers, find_strangers

_SECONDS = 60.0

strangers: Kept[Strangers] = Kept(find_strangers, Strangers, _SECONDS)
"""Looking for them costs more than all the rest that probes are told."""
