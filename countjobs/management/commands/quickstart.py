"""`manage.py quickstart`: from a fresh checkout to runs in the admin, in one command."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.core.servers.basehttp import get_internal_wsgi_application

from countjobs.management.database import DatabaseCommand
from countjobs.management.logs import show_lines_at_once
from countjobs.quickstart import firsttime, serving


class Command(DatabaseCommand):
    """Sets up what is missing, then runs the web server and a scheduler."""

    help = (
        "Migrate the database, create the admin's first user and an example, and run the web "
        "server and a scheduler until Ctrl-C. What already exists is kept."
    )

    # Some look into the database, whose file must be private by then: `migrate` asks for them.
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument(
            "--host", default="127.0.0.1", help="The address to listen on (default: %(default)s)."
        )
        parser.add_argument(
            "--port",
            type=int,
            default=8000,
            help="The port to listen on (default: %(default)s; 0: any free port).",
        )

    def handle(self, *args: Any, host: str, port: int, verbosity: int, **options: Any) -> None:
        """Take the port first: nothing is to be changed where the site can't be."""
        show_lines_at_once()
        server = serving.web_server(get_internal_wsgi_application(), host, port)
        self._set_up(verbosity)
        self.stdout.write(f"\n    Address:   {serving.url_of(host, server)}")
        for line in firsttime.superuser(on_terminal=self.stdout.isatty()):
            self.stdout.write(line)
        self.stdout.write(
            "    Stop with: Ctrl-C (waits for started runs; press it again to stop at once)\n\n"
        )
        website = serving.Serving(server)
        website.start()
        try:
            call_command("runscheduler", verbosity=verbosity)
        finally:
            server.task_dispatcher.shutdown()  # answers that have begun may end, too
        if website.has_ended:
            raise CommandError("The web server ended by itself. Its messages are above.")

    def _set_up(self, verbosity: int) -> None:
        for line in firsttime.keep_files_private():
            self.stdout.write(line)
        if reason := firsttime.obstacle():
            self.stdout.write(f"No first user will be created: {reason}.")
        migrating = max(verbosity - 1, 0)
        call_command("migrate", interactive=False, verbosity=migrating, skip_checks=False)
        if firsttime.load_example():
            name = firsttime.EXAMPLE["name"]
            self.stdout.write(f"Loaded the example “{name}”: it runs every 5 seconds.")
            purge = firsttime.PURGE["name"]
            self.stdout.write(
                f"Also made “{purge}”: it runs at 03:30, and keeps the history short."
            )
        else:
            self.stdout.write("Kept the existing definitions.")
