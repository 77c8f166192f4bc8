"""Start what the files of this folder describe, ask for a run, and see it succeed.

    .venv/bin/pip install -r docs/deploy/requirements.txt -r tests/requirements.txt
    .venv/bin/python docs/deploy/try_it.py

With a Docker daemon: the image and the compose file, in a project of their own, with secrets of
their own; both are taken away afterwards. Without: the commands that the compose file gives, by
hand, on a PostgreSQL of the trial's own. `--files systemd` and `--files kubernetes` run the
commands of those files by hand.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.support import deploy_by_hand as by_hand  # noqa: E402
from tests.support import deploy_parts as parts  # noqa: E402

PROJECT = "countjobs-trial"
DOCKER_SECONDS = 1_200
ASK = """
import sys, time
from countjobs.api import CommandJob, Execution, request_run
from countjobs.models import SchedulerNode

def wait_for(condition, what):
    ends = time.monotonic() + 60
    while not condition():
        if time.monotonic() > ends:
            sys.exit(f"Waited in vain for {what}.")
        time.sleep(0.2)

running = SchedulerNode.objects.filter(state="running")
wait_for(lambda: running.count() == SCHEDULERS, "SCHEDULERS schedulers")
definition, _ = CommandJob.objects.get_or_create(
    name="Trial", defaults={"command": "clearsessions", "hour": "3", "minute": "0"}
)
pk = request_run(definition, requested_by="try_it").pk
wait_for(lambda: not Execution.objects.active().filter(pk=pk).exists(), "the run")
run = Execution.objects.get(pk=pk)
print(f"Run {run.pk}: {run.status}, by {run.node}, one of {running.count()} schedulers.")
sys.exit(run.status != "succeeded")
"""
"""What is run in the project: ask for a run, and wait for its end."""


def ask(schedulers: int) -> list[str]:
    """The command that asks for a run where so many schedulers are to live."""
    code = ASK.replace("SCHEDULERS", str(schedulers))
    return ["python", "manage.py", "shell", "--verbosity=0", "--command", code]


def has_docker() -> bool:
    """Whether there is a daemon that answers, and a compose that knows it."""
    if shutil.which("docker") is None:
        return False
    asked = (["docker", "info"], ["docker", "compose", "version"])
    return all(
        subprocess.run(each, capture_output=True, timeout=60, check=False).returncode == 0
        for each in asked
    )


def schedulers_in(found: Sequence[parts.Part]) -> int:
    """How many schedulers there are to be."""
    return sum(part.copies for part in found if "runscheduler" in part.command)


def try_with_docker(directory: Path) -> None:
    """Start the compose file's services, and take all of them away again."""
    variables = by_hand.new_variables()
    file = directory / "env"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    compose = ["docker", "compose", "--env-file", str(file), "--project-name", PROJECT]
    compose += ["--file", str(HERE / "compose.yaml")]

    def run(*words: str) -> None:
        environment = {**os.environ, "ENV_FILE": str(file)}
        subprocess.run([*compose, *words], env=environment, timeout=DOCKER_SECONDS, check=True)

    try:
        run("up", "--detach", "--build", "--wait")
        run("exec", "-T", "web", *ask(schedulers_in(parts.of_compose(variables))))
        run("stop")
    finally:
        run("down", "--volumes")


def try_by_hand(files: str, directory: Path, url: str) -> None:
    """Run the commands that the files give, and end them."""
    with by_hand.database(directory, url) as found:
        variables = by_hand.new_variables()
        if files == "compose":
            _same_server(parts.of_compose(variables), variables)
        choose: dict[str, Callable[[], list[parts.Part]]] = {
            "compose": lambda: parts.of_compose(variables),
            "systemd": parts.of_systemd,
            "kubernetes": parts.of_kubernetes,
        }
        chosen = choose[files]()
        environment = {**variables, "DATABASE_URL": found}
        with by_hand.running(chosen, directory, environment) as everything:
            everything.run(ask(schedulers_in(chosen)))


def _same_server(found: Sequence[parts.Part], variables: dict[str, str]) -> None:
    """The files give each part the same database, with the password of the variables."""
    urls = {part.variables["DATABASE_URL"] for part in found}
    password = variables["POSTGRES_PASSWORD"]
    if urls != {f"postgres://countjobs:{password}@db:5432/countjobs"}:
        raise by_hand.TrialError("The services don't share one database.")


def main() -> str:
    """Returns what went wrong; empty if all went well."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--files", choices=["compose", "systemd", "kubernetes"], default="compose")
    parser.add_argument("--by-hand", action="store_true", help="even if there is a Docker daemon")
    parser.add_argument("--database-url", default="", help="instead of a PostgreSQL of its own")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="countjobs-trial-") as directory:
        try:
            if options.files == "compose" and not options.by_hand and has_docker():
                try_with_docker(Path(directory))
            else:
                try_by_hand(options.files, Path(directory), options.database_url)
        except (by_hand.TrialError, subprocess.SubprocessError) as error:
            return f"FAILED: {error}"
    print("All parts started, a run succeeded, and all parts ended when they were told to.")
    return ""


if __name__ == "__main__":
    sys.exit(main() or 0)
