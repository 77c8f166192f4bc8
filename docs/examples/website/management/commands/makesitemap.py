from typing import Any

from django.core.management import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Write the map of the site."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--compress", action="store_true")

    def handle(self, *args: Any, file: str, compress: bool, **options: Any) -> None:
        self.stdout.write(f"{file}{'.gz' if compress else ''} written")
