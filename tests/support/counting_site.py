"""`python -m tests.support.counting_site`: a site that says how long a body was.

The one argument is JSON: limits of the server that are to be others than the quick start's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from countjobs.quickstart import address, serving


def count(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"took %d" % len(environ["wsgi.input"].read())]


def main() -> None:
    serving.LIMITS.update(json.loads(sys.argv[1]))
    happenings: serving.Happenings = SimpleQueue()
    listener = address.take_address("127.0.0.1", 0)
    serving.WebServer(count, listener, happenings)
    print(listener.getsockname()[1], flush=True)
    happenings.get()


if __name__ == "__main__":
    main()
