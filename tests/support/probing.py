"""Asking whether schedulers work, in each way there is: what probes and people see."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from django.test import Client

from countjobs.endpoints import health
from tests.support.child_processes import reap
from tests.support.open_metrics import OPEN
from tests.support.running_schedulers import read, start
from tests.support.waiting import wait_until

SERVE = ("--serve", "127.0.0.1:0")
_OPENER = build_opener(ProxyHandler({}))


def port_of(log: Path) -> int:
    """The port that a scheduler has logged."""
    said = re.compile(r"Listening on 127\.0\.0\.1:(\d+): /live, /ready, /metrics\.")
    wait_until(lambda: said.search(read(log)), what=lambda: f"for a port:\n{read(log)}")
    found = said.search(read(log))
    assert found is not None
    return int(found[1])


def get(port: int, path: str) -> tuple[int, str]:
    """What a scheduler's own server answers. Raises URLError if there is none."""
    request = Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": OPEN})
    try:
        with _OPENER.open(request, timeout=30) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def healthy(client: Client) -> tuple[int, list[str]]:
    """What `health/` says."""
    health.forget()
    response = client.get("/health/")
    return response.status_code, response.json().get("problems", [])


def schedulerstatus(directory: Path, **environment: str) -> int:
    """The command's exit status."""
    log = directory / f"status{len(list(directory.iterdir()))}.log"
    process = start("schedulerstatus", log=log, **environment)
    try:
        return process.wait(60)
    finally:
        reap(process)
