from typing import Any

from django.core.management import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Renew the index that the search uses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hours", type=int, default=1, help="Pages that changed since.")
        parser.add_argument("--rebuild", action="store_true")

    def handle(self, *args: Any, hours: int, rebuild: bool, **options: Any) -> None:
        self.stdout.write("index rebuilt" if rebuild else f"index of {hours} h renewed")
