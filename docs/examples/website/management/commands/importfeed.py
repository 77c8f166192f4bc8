from typing import Any

from django.core.management import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Fetch the news of other sites."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", nargs="+")
        parser.add_argument("--most", type=int, default=20, help="How many news of each.")

    def handle(self, *args: Any, url: list[str], most: int, **options: Any) -> None:
        self.stdout.write(f"{most} news from {', '.join(url)}")
