from typing import Any

from django.core.mail import send_mail
from django.core.management import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Mail the newsletter."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--subject", default="News")
        parser.add_argument("--to", default="readers@example.com")

    def handle(self, *args: Any, subject: str, to: str, **options: Any) -> None:
        send_mail(subject, "The news of this week.", None, [to])
        self.stdout.write(f"“{subject}” mailed to {to}")
