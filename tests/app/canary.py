"""A module that nothing may import, or call into: it leaves a trace."""

import os

os.environ["COUNTJOBS_CANARY"] = "imported"


def go(*args: object, **kwargs: object) -> None:
    os.environ["COUNTJOBS_CANARY"] = "called"
