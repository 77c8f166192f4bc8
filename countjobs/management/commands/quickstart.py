"""`manage.py quickstart`: from a fresh checkout to runs in the admin, in one command."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import DatabaseError, connections
from django.http.request import validate_host
from django.utils.translation import gettext as _

from countjobs.quickstart import address, firsttime, private, serving, users
from countjobs.quickstart.output import give_up_output
from countjobs.quickstart.serving import Happening


class Command(BaseCommand):
    """Sets up what is missing, then runs the web server and a scheduler."""

    help = (
        "Migrate the database, create the admin's first user and an example, and run the web "
        "server and a scheduler until Ctrl-C. What already exists is kept."
    )

    # Some look into the database, so they are run where its absence is caught.
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen."""
        parser.add_argument(
            "--host", default="127.0.0.1", help="The address to listen on (default: %(default)s)."
        )
        parser.add_argument(
            "--port",
            type=_port,
            default=8000,
            help="The port to listen on (default: %(default)s; 0: any free port).",
        )

    def handle(self, *args: Any, host: str, port: int, verbosity: int, **options: Any) -> None:
        """Take the port first: nothing is to be changed or started where the site can't be."""
        if find_spec("waitress") is None:
            raise CommandError(_("quickstart's web server is missing: pip install waitress"))
        try:
            listener = address.take_address(host, port)
        except address.AddressError as error:
            raise CommandError(str(error)) from error
        with listener:
            self._set_up(verbosity)
            self._greet(host, address.url_of(host, listener))
            self._serve(listener, verbosity)

    def _set_up(self, verbosity: int) -> None:
        self._keep_private()
        if reason := users.obstacle(get_user_model()):
            self._say(_("No first user will be created: %(reason)s.") % {"reason": reason})
        try:
            self.check(databases=["default"])
            call_command("migrate", interactive=False, verbosity=max(verbosity - 1, 0))
        except DatabaseError as error:
            raise CommandError(
                _("The database can't be used: %(error)s") % {"error": error}
            ) from error
        if firsttime.load_example():
            example = {"name": firsttime.EXAMPLE["name"]}
            self._say(_("Loaded the example “%(name)s”: it runs every 5 seconds.") % example)
        else:
            self._say(_("Kept the existing definitions."))

    def _keep_private(self) -> None:
        try:
            tightened = private.keep_database_private()
        except OSError as error:
            self._say(
                _("Others on this machine can read the database: %(error)s") % {"error": error}
            )
            return
        for file in tightened:
            self._say(_("Others could read %(file)s. Now only its owner can.") % {"file": file})

    def _greet(self, host: str, url: str) -> None:
        who = self._who_may_log_in()
        self._say("")
        self._say(_("    Address:   %(url)s") % {"url": url})
        for line in who:
            self._say(line)
        self._say(_("    Stop with: Ctrl-C"))
        self._say("")
        if not _answers(host):
            self._say(
                _("Requests to “%(host)s” will be refused: ALLOWED_HOSTS doesn't name it.")
                % {"host": host}
            )

    def _who_may_log_in(self) -> list[str]:
        kept: list[Path] = []

        def keep(password: str) -> None:
            if not self.stdout.isatty():  # a log or a pipe, which others may read
                kept.append(private.keep_password(password))

        try:
            login = firsttime.ensure_superuser(keep)
        except firsttime.NoFirstUserError as error:
            why = _("    No user was created: %(reason)s. Create one with") % {"reason": error}
            return [why, "               manage.py createsuperuser"]
        except OSError as error:
            raise CommandError(
                _("The first password can't be written to a file: %(error)s") % {"error": error}
            ) from error
        if login is None:
            taken = {"name": users.name_in(get_user_model())}
            why = _(
                "    There is no superuser, and “%(name)s” is another user's name. Create one with"
            )
            return [why % taken, "               manage.py createsuperuser"]
        password = _("in the file %(file)s") % {"file": kept[0]} if kept else _password(login)
        return [
            _("    User:      %(name)s") % {"name": login.username},
            _("    Password:  %(password)s") % {"password": password},
        ]

    def _serve(self, listener: socket.socket, verbosity: int) -> None:
        connections.close_all()  # from here on, the server's threads have their own
        happenings: serving.Happenings = serving.Happenings()
        with serving.signals_as_happenings(happenings):
            web = serving.WebServer(get_internal_wsgi_application(), listener, happenings)
            command = serving.scheduler_command("--verbosity", str(verbosity))
            scheduler = serving.SchedulerProcess(command, happenings)
            first = serving.serve_until_stopped(web, scheduler, happenings, self._say_stopping)
        match first:
            case Happening.SCHEDULER_ENDED:
                raise CommandError(
                    _(
                        "The scheduler ended by itself, with exit status %(status)s. "
                        "Its messages are above."
                    )
                    % {"status": scheduler.exit_status}
                )
            case Happening.WEB_SERVER_ENDED:
                raise CommandError(_("The web server ended by itself; its messages are above."))
            case Happening.ASKED_TO_STOP | Happening.OUTPUT_ENDED:
                self._say(_("Stopped."))

    def _say_stopping(self) -> None:
        self._say(
            _("Stopping when the started runs have finished. Press Ctrl-C again to stop at once.")
        )

    def _say(self, line: str) -> None:
        """Write a line so that it is seen now, even where the output is a pipe or a file.

        Where nobody can read it any more, it isn't written, and all ends in order all the same.
        """
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except OSError:
            give_up_output()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= address.LAST_PORT:
        raise ValueError(text)
    return port


_port.__name__ = "port"  # what argparse calls it: “invalid port value: '70000'”


def _password(login: firsttime.Login) -> str:
    if login.password is not None:
        return login.password
    return _(
        "shown when this user was created. To change it: manage.py changepassword %(name)s"
    ) % {"name": login.username}


def _answers(host: str) -> bool:
    """Whether a request with this host's name is answered. Of “any address” nothing can be said."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # compared, not bound
        return True
    return validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS)
