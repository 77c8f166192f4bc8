from typing import Any

from django.core.cache import cache
from django.core.management import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Put the pages that people read most into the cache."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pages", type=int, default=100, help="How many pages.")
        parser.add_argument("--language", choices=["en", "ja"], default="en")

    def handle(self, *args: Any, pages: int, language: str, **options: Any) -> None:
        cache.set_many({f"{language}:{number}": "page" for number in range(pages)})
        self.stdout.write(f"{pages} pages in {language}")
