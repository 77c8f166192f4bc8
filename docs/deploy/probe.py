"""Ask an address of this container, as a health check. Python's own library is all it needs.

    python docs/deploy/probe.py http://127.0.0.1:8000/admin/login/

It asks as the proxy does: for the first of ALLOWED_HOSTS, over HTTPS. The exit status is 0 if the
answer is 200, else 1.
"""

from __future__ import annotations

import os
import sys
from urllib.error import URLError
from urllib.request import Request, urlopen

TIMEOUT_SECONDS = 5
OK = 200


def headers() -> dict[str, str]:
    """What a proxy adds; nothing where the site answers this machine only."""
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    # A leading dot stands for all names below.
    return {"Host": host.removeprefix("."), "X-Forwarded-Proto": "https"} if host else {}


def why_not(address: str) -> str:
    """What is wrong with the answer; empty if it is 200."""
    try:
        with urlopen(Request(address, headers=headers()), timeout=TIMEOUT_SECONDS) as answer:
            status = answer.status
    except (URLError, OSError) as error:
        return f"{address}: {error}"
    return "" if status == OK else f"{address}: {status}"


if __name__ == "__main__":
    sys.exit(why_not(*sys.argv[1:]) or 0)  # an empty text would be 1
