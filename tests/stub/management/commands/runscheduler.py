import os
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """STUB is what it does: `obey` ends on SIGTERM, `deaf` doesn't, `die` ends by itself."""

    def handle(self, *args: Any, **options: Any) -> None:
        behaviour = os.environ["STUB"]
        if behaviour == "die":
            sys.exit(3)
        wanted = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        self.say(f"scheduler {os.getpid()} is ready")
        while True:
            number = signal.sigwait(wanted)
            self.say(f"scheduler got {signal.Signals(number).name}")
            if behaviour == "obey":
                return

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
