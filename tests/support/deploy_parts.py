"""The parts of a set-up, as its files say: commands, probes, grace periods and variables.

It reads `compose.yaml`, `systemd/` and `kubernetes/` in docs/deploy, so that a trial runs what is
written there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.paths import ROOT

DEPLOY = ROOT / "docs/deploy"
SECONDS = {"s": 1, "m": 60}
HEALTH_CHECK = ["python", "docs/deploy/probe.py"]


@dataclass(frozen=True)
class Part:
    """A service, a unit or a container."""

    name: str
    command: list[str]
    grace_seconds: int = 0
    """How long it has between SIGTERM and SIGKILL."""
    copies: int = 1
    probes: list[list[str]] = field(default_factory=list)
    """Commands that exit with 0 when it works."""
    variables: dict[str, str] = field(default_factory=dict)
    """Those that the file itself gives. The others come from the file of variables."""

    @property
    def ends_by_itself(self) -> bool:
        """Whether it is done once, before the others."""
        return "migrate" in self.command


def read_variables(text: str) -> dict[str, str]:
    """What a file such as `.env` says."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """A text of compose.yaml with its `${NAME}`, `${NAME:-default}` and `${NAME:?why}`."""

    def value(found: re.Match[str]) -> str:
        default = found[3] if found[2] == "-" else ""
        return variables.get(found[1]) or default or ""

    return re.sub(r"\$\{(\w+)(?::([-?])([^}]*))?\}", value, text)


def compose() -> dict[str, Any]:
    """The compose file."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def of_compose(variables: Mapping[str, str]) -> list[Part]:
    """The services that run the project, in the order of their start."""
    return [
        Part(
            name,
            service["command"],
            seconds(service.get("stop_grace_period", "10s")),
            service.get("deploy", {}).get("replicas", 1),
            [test[1:]] if (test := service["healthcheck"].get("test")) else [],
            {key: filled_in(text, variables) for key, text in service["environment"].items()},
        )
        for name, service in compose()["services"].items()
        if "command" in service
    ]


def seconds(duration: str) -> int:
    """A duration of a compose file."""
    return sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)([sm])", duration))


MIGRATE = "python manage.py migrate --noinput"
"""What the page says to do by hand, before units are started."""


def units() -> dict[str, dict[str, str]]:
    """The [Service] sections of the units, by the names of the files without .service."""
    return {
        path.stem: dict(
            line.split("=", 1)
            for line in path.read_text().partition("[Service]")[2].splitlines()
            if "=" in line and not line.startswith("#")
        )
        for path in sorted((DEPLOY / "systemd").glob("*.service"))
    }


def of_systemd() -> list[Part]:
    """The units, after the command by hand. Two schedulers are started, as the page says."""
    found = [Part("migrate", MIGRATE.split())]
    for name, unit in units().items():
        command = shlex.split(unit["ExecStart"])
        command[0] = Path(command[0]).name
        copies = 2 if name.endswith("@") else 1
        address = ":800%i/live" if copies > 1 else ":8000/admin/login/"
        probes = [[*HEALTH_CHECK, f"http://127.0.0.1{address}"]]
        found.append(Part(name, command, int(unit["TimeoutStopSec"]), copies, probes))
    return found


def manifests() -> Iterator[dict[str, Any]]:
    """The objects that the kustomization names."""
    for name in kustomization()["resources"]:
        yield from yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())


def kustomization() -> dict[str, Any]:
    """What holds the manifests together."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes/kustomization.yaml").read_text())
    return found


def pods() -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Each object that makes pods, the pod's spec, and each container, in the order of start."""
    for each in manifests():
        if each["kind"] in {"Deployment", "Job"}:
            spec = each["spec"]["template"]["spec"]
            for container in [*spec.get("initContainers", []), *spec["containers"]]:
                yield each, spec, container


def of_kubernetes() -> list[Part]:
    """The containers, in the order of their start."""
    return [
        Part(
            container["name"],
            container["args"],
            spec.get("terminationGracePeriodSeconds", 30),
            each["spec"].get("replicas", 1),
            [
                [*HEALTH_CHECK, f"http://127.0.0.1:{get['port']}{get['path']}"]
                for kind in ("readinessProbe", "livenessProbe")
                if kind in container
                for get in [container[kind]["httpGet"]]
            ],
        )
        for each, spec, container in pods()
    ]
