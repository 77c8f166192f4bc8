from typing import Any

from django.core.management import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Delete old drafts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=90)
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, days: int, dry_run: bool, **options: Any) -> None:
        self.stdout.write(f"drafts of {days} days {'found' if dry_run else 'deleted'}")
