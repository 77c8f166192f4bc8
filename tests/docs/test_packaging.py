"""Issue 8, line 38: what is installed is what the sources are, and nothing is left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytest.importorskip("flit_core", reason="could not import 'flit_core', which builds packages")
pytest.importorskip("build", reason="could not import 'build', which builds packages")

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
STALE = ("build/lib/countjobs/stale.py", "build/lib/stale/__init__.py")


def files_in(directory: Path) -> set[str]:
    """The paths of all files, but for what Python itself compiles."""
    files = (each for each in directory.rglob("*") if each.is_file())
    return {str(each.relative_to(directory)) for each in files if "__pycache__" not in each.parts}


def app_in(directory: Path) -> set[str]:
    return {name for name in files_in(directory) if name.startswith("countjobs/")}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One in which an older version was built with setuptools."""
    copy = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "countjobs", copy / "countjobs", ignore=ignored)
    for name in SOURCES:
        shutil.copy(ROOT / name, copy)
    for name in STALE:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("raise SystemExit('stale')\n")
    return copy


def python(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, *arguments], check=True, timeout=120)


def install(what: Path, target: Path) -> None:
    """Without network: the builder is here."""
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--no-compile"]
    python("-m", "pip", "install", *options, "--target", target, what)


def test_a_stale_build_is_not_installed_and_nothing_is_left_behind(
    checkout: Path, tmp_path: Path
) -> None:
    before = files_in(checkout)
    install(checkout, tmp_path / "installed")
    assert app_in(tmp_path / "installed") == app_in(ROOT)
    assert not (tmp_path / "installed" / "stale").exists()
    assert files_in(checkout) == before


def test_the_sdist_holds_what_its_wheel_needs_and_nothing_else(
    checkout: Path, tmp_path: Path
) -> None:
    python("-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path / "dist", checkout)
    [sdist] = (tmp_path / "dist").iterdir()
    subprocess.run(["tar", "-xf", sdist, "-C", tmp_path], check=True)
    [source] = tmp_path.glob("countjobs-*")
    assert files_in(source) == {*app_in(ROOT), *SOURCES, "PKG-INFO"}
    install(source, tmp_path / "installed")
    assert app_in(tmp_path / "installed") == app_in(ROOT)


def test_what_is_installed_has_types_pages_scripts_and_translations(
    checkout: Path, tmp_path: Path
) -> None:
    install(checkout, tmp_path / "installed")
    installed = tmp_path / "installed" / "countjobs"
    assert (installed / "py.typed").exists()
    assert (installed / "locale/ja/LC_MESSAGES/django.mo").exists()
    assert list(installed.glob("static/countjobs/*.js"))
    assert list(installed.glob("templates/admin/countjobs/*.html"))
    assert list(installed.glob("migrations/0*.py"))
