"""Issue 13, line 5: what docs/deploy says fits together, and fits the project.

`tests/processes/test_deploy.py` starts what is described there.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import resolve
from packaging.requirements import Requirement

from countjobs import __version__
from countjobs.conf import Conf
from tests.support.env_names import NAMES
from tests.support.paths import ROOT

pytest.importorskip("yaml")
from tests.support.deploy_parts import (
    DEPLOY,
    HEALTH_CHECK,
    Part,
    compose,
    filled_in,
    kustomization,
    manifests,
    of_compose,
    of_kubernetes,
    of_systemd,
    pods,
    read_variables,
    seconds,
    units,
)

EXAMPLE = read_variables((DEPLOY / "env.example").read_text())
NEEDED = {"DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS"}
SECRETS = {"SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD"}
NOT_IN_THE_IMAGE = {"waitress"}
"""What only `quickstart` needs."""
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
SETS_OF_PARTS = {
    "compose": of_compose(EXAMPLE),
    "systemd": of_systemd(),
    "kubernetes": of_kubernetes(),
}
each_set = pytest.mark.parametrize("parts", SETS_OF_PARTS.values(), ids=SETS_OF_PARTS)


def instructions(name: str) -> list[str]:
    """What the Dockerfile gives an instruction, each time."""
    return re.findall(rf"^ *{name} +(.*)$", DOCKERFILE, re.MULTILINE)


def one(parts: list[Part], word: str) -> Part:
    (found,) = (part for part in parts if word in part.command)
    return found


def option(part: Part, name: str) -> str:
    (found,) = (word for word in part.command if word.startswith(f"--{name}="))
    return found.partition("=")[2]


def manifest(kind: str) -> dict[str, str]:
    (found,) = (each for each in manifests() if each["kind"] == kind)
    values: dict[str, str] = found.get("data") or found["stringData"]
    return values


# The parts


@each_set
def test_there_are_a_migration_a_web_server_and_two_schedulers(parts: list[Part]) -> None:
    assert parts[0].command[2] == "migrate"
    assert one(parts, "runscheduler").copies == 2
    assert one(parts, "gunicorn").copies >= 1


@each_set
def test_a_scheduler_has_more_time_to_end_than_its_drain_takes(parts: list[Part]) -> None:
    """Twice as long, if the database is away: see docs/production.md#as-a-systemd-service."""
    assert one(parts, "runscheduler").grace_seconds > 2 * Conf().drain_seconds


@each_set
def test_a_web_server_has_more_time_to_end_than_its_requests(parts: list[Part]) -> None:
    web = one(parts, "gunicorn")
    assert web.grace_seconds > int(option(web, "graceful-timeout"))


def test_a_pod_has_time_for_its_sleep_before_the_end_too() -> None:
    for _each, spec, container in pods():
        if hook := container.get("lifecycle", {}).get("preStop"):
            sleep = int(hook["exec"]["command"][-1])
            limit = int(option(one(of_kubernetes(), "gunicorn"), "graceful-timeout"))
            assert spec["terminationGracePeriodSeconds"] > sleep + limit


@each_set
def test_every_command_of_manage_py_exists_with_its_options(parts: list[Part]) -> None:
    for part in parts:
        if part.command[:2] == ["python", "manage.py"]:
            name, *words = part.command[2:]
            parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
            parser.parse_args([word.replace("%i", "1") for word in words])


@each_set
def test_the_web_server_knows_its_options_and_finds_the_project(parts: list[Part]) -> None:
    config = pytest.importorskip("gunicorn.config")
    _program, *words = one(parts, "gunicorn").command
    parsed = config.Config().parser().parse_args(words)
    module, _, name = parsed.args[0].partition(":")
    assert hasattr(import_module(module), name)


def test_the_web_server_is_the_same_everywhere() -> None:
    image, composed, in_pod = (
        json.loads(instructions("CMD")[-1]),
        one(SETS_OF_PARTS["compose"], "gunicorn").command,
        one(SETS_OF_PARTS["kubernetes"], "gunicorn").command,
    )
    assert image == composed == in_pod
    unit = one(SETS_OF_PARTS["systemd"], "gunicorn").command
    differ = set(unit) ^ set(image)
    assert {word.partition("=")[0] for word in differ} == {"--bind", "--access-logfile"}


@each_set
def test_probes_ask_what_there_is(parts: list[Part]) -> None:
    for part in parts:
        assert bool(part.probes) != part.ends_by_itself
        for probe in part.probes:
            assert probe[:-1] == HEALTH_CHECK
            path = "/" + probe[-1].split("/", 3)[3]
            if "gunicorn" in part.command:
                resolve(path)
            else:
                assert path in {"/live", "/ready"}
                assert option(part, "serve").rpartition(":")[2] == probe[-1].split("/")[2][10:]


def test_a_scheduler_is_restarted_because_of_live_only() -> None:
    (probed,) = (container for _, _, container in pods() if container["name"] == "scheduler")
    paths = {kind: probed[kind]["httpGet"]["path"] for kind in ("readinessProbe", "livenessProbe")}
    assert paths == {"readinessProbe": "/ready", "livenessProbe": "/live"}


# Variables and secrets


def test_the_variables_are_those_that_the_settings_read() -> None:
    composed = {name for part in SETS_OF_PARTS["compose"] for name in part.variables}
    assert {*EXAMPLE} - {"POSTGRES_PASSWORD"} <= set(NAMES)
    assert NEEDED <= {*EXAMPLE, *composed} <= {*NAMES, "POSTGRES_PASSWORD"}
    assert NEEDED <= {*manifest("ConfigMap"), *manifest("Secret")} <= set(NAMES)
    assert "STATIC_ROOT" in NAMES
    assert instructions("ENV")[-1] == "STATIC_ROOT=/srv/countjobs/staticfiles"


def test_no_file_holds_a_secret() -> None:
    assert {name for name in SECRETS if EXAMPLE.get(name)} == set()
    assert {name for name, value in manifest("Secret").items() if value} == set()
    assert SECRETS.isdisjoint(manifest("ConfigMap"))
    kept = " ".join(instructions("ENV") + instructions("ARG"))
    assert not re.search("key|password|secret|token", kept, re.IGNORECASE)


def test_all_parts_get_the_variables() -> None:
    for name, service in compose()["services"].items():
        if "command" in service:
            assert service["env_file"] == ["${ENV_FILE:-.env}"], name
    for _each, _spec, container in pods():
        assert container["envFrom"] == [
            {"configMapRef": {"name": "countjobs"}},
            {"secretRef": {"name": "countjobs"}},
        ]
    assert {unit["EnvironmentFile"] for unit in units().values()} == {"/etc/countjobs.env"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a${B}c", "a1c"), ("${B:?why}", "1"), ("${C:-.env}", ".env"), ("${C}", "")],
)
def test_a_text_is_filled_in_as_compose_does(text: str, expected: str) -> None:
    assert filled_in(text, {"B": "1"}) == expected


@pytest.mark.parametrize(("text", "expected"), [("75s", 75), ("1m30s", 90)])
def test_a_duration_is_read_as_compose_does(text: str, expected: int) -> None:
    assert seconds(text) == expected


# The image


def test_what_the_image_starts_gets_its_signals() -> None:
    """A shell in between would keep them for itself."""
    for name in ("CMD", "ENTRYPOINT"):
        assert all(isinstance(json.loads(words), list) for words in instructions(name))
    assert instructions("ENTRYPOINT") == ['["tini", "--"]']
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert all("entrypoint" not in service for service in compose()["services"].values())
    assert all("command" not in container for _, _, container in pods())


def test_the_image_runs_as_a_user_without_rights() -> None:
    (user,) = instructions("USER")
    for _each, spec, container in pods():
        security = spec["securityContext"]
        assert f"{security['runAsUser']}:{security['runAsGroup']}" == user != "0:0"
        assert security["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]


def test_the_builder_gets_what_is_copied_and_nothing_else() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    lines = [line for line in ignored if not line.startswith("#")]
    assert lines[0] == "*"
    copied = {words.split()[0] for words in instructions("COPY")}
    assert copied == {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_the_image_has_the_versions_that_the_tests_use() -> None:
    def pins(file: Path) -> dict[str, str]:
        texts = [line.partition("#")[0].strip() for line in file.read_text().splitlines()]
        found = [Requirement(text) for text in texts if text and not text.startswith("-r")]
        return {pin.name: str(pin.specifier) for pin in found}

    image = pins(DEPLOY / "requirements.txt")
    tested = pins(ROOT / "requirements.txt") | pins(ROOT / "tests/requirements.txt")
    assert {name: pin for name, pin in image.items() if tested.get(name) != pin} == {}
    to_run = (ROOT / "requirements.txt").read_text().partition("# What the tests need.")[0]
    needed = set(re.findall(r"^([\w-]+)", to_run, re.MULTILINE))
    assert needed - NOT_IN_THE_IMAGE <= set(image)


# Compose and Kubernetes


def test_the_files_name_this_release() -> None:
    images = {service["image"] for service in compose()["services"].values()}
    assert f"countjobs:{__version__}" in images
    assert kustomization()["images"][0]["newTag"] == __version__


def test_nothing_starts_before_the_migration_is_done() -> None:
    services = compose()["services"]
    after = {"migrate": {"condition": "service_completed_successfully"}}
    assert services["web"]["depends_on"] == services["scheduler"]["depends_on"] == after
    assert services["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["migrate"]["restart"] == "no"
    for name in ("db", "web", "scheduler"):
        assert services[name]["restart"] == "unless-stopped"


def test_the_probes_of_a_web_server_ask_as_the_proxy_does() -> None:
    hosts = manifest("ConfigMap")["ALLOWED_HOSTS"].split(",")
    (web,) = (container for _, _, container in pods() if container["name"] == "web")
    for kind in ("readinessProbe", "livenessProbe"):
        headers = {each["name"]: each["value"] for each in web[kind]["httpGet"]["httpHeaders"]}
        assert headers["Host"] in hosts
        assert headers["X-Forwarded-Proto"] == "https"


def test_the_kustomization_names_every_manifest_and_can_be_built() -> None:
    files = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert files == {"kustomization.yaml", *kustomization()["resources"]}
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl isn't installed: the manifests are only read")
    built = subprocess.run(
        ["kubectl", "kustomize", DEPLOY / "kubernetes"], capture_output=True, check=True, timeout=60
    )
    assert f"image: registry.example.com/countjobs:{__version__}" in built.stdout.decode()
