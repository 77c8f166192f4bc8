"""The site in a process of its own, on a database with much in it or nothing, without a scheduler.

Everybody is logged in already: the process says the keys of their sessions, and its address.
"""

from __future__ import annotations

from pathlib import Path

from django.core.management import call_command
from django.core.servers.basehttp import get_internal_wsgi_application

from countjobs.quickstart import serving
from tests.support.lived_in import live_in
from tests.support.paths import ROOT
from tests.support.people import client_of
from tests.support.quickstarts import QuickStart

PEOPLE = ("superuser", "viewer")


class Site(QuickStart):
    """Such a process, from the outside."""

    def __init__(self, directory: Path, settings: str, *, full: bool, **variables: str) -> None:
        code = f"from {__name__} import serve; serve(full={full})"
        self.command = (ROOT / "manage.py", "shell", "--no-imports", "-c", code)
        super().__init__(directory / f"{full}.sqlite3", settings, **variables)
        self.sessions: dict[str, str] = {}
        self.address = ""

    def wait(self) -> Site:
        """Until it answers."""
        self.sessions = {person: self.value(person) for person in PEOPLE}
        self.address = self.value("address")
        return self


def serve(*, full: bool) -> None:
    """Make the database that DATABASE_URL names, and serve until the end."""
    call_command("migrate", verbosity=0)
    if full:
        live_in()
    for person in PEOPLE:
        print(f"{person}: {client_of(person).cookies['sessionid'].value}", flush=True)
    server = serving.web_server(get_internal_wsgi_application(), "127.0.0.1", 0)
    print(f"address: {serving.url_of('127.0.0.1', server)}", flush=True)
    server.run()
