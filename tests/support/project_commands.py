"""Commands of the example project, in a process with an environment of its own."""

import os
import subprocess
import sys

from tests.support.env_names import NAMES
from tests.support.paths import ROOT


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py where the environment says of the project's variables this and nothing else."""
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    clean.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(
        [sys.executable, "-W", "error", ROOT / "manage.py", *arguments],
        env=clean | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
