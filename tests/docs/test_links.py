"""Every link of the pages leads somewhere, and every picture is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.markdown import blocks
from tests.support.paths import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The headings, as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for file, anchor in LINK.findall(prose(page)):
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not anchor or anchor in anchors(target), f"{file}#{anchor}"


@each_page
def test_no_page_has_a_heading_twice(page: Path) -> None:
    """GitHub would number its anchor."""
    if page.name != "CHANGELOG.md":
        assert len(anchors(page)) == len(re.findall(r"^#+ ", prose(page), re.MULTILINE))


@each_page
def test_every_picture_is_there_in_light_and_dark(page: Path) -> None:
    shown = re.findall(r'<img src="([^"]+)\.png" alt="[^"]+">', page.read_text())
    dark = re.findall(
        r'<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)"', page.read_text()
    )
    assert dark == [f"{name}-dark.png" for name in shown]
    for file in (*dark, *(f"{name}.png" for name in shown)):
        assert (page.parent / file).exists(), file


def test_every_picture_is_shown() -> None:
    texts = "\n".join(page.read_text() for page in PAGES)
    assert [file.name for file in ROOT.glob("docs/*.png") if file.name not in texts] == []


def test_the_index_names_every_page() -> None:
    named = {file for file, _ in LINK.findall((ROOT / "docs/README.md").read_text())}
    assert {page.name for page in ROOT.glob("docs/*.md")} - {"README.md"} <= named


def test_every_page_of_the_docs_that_a_source_names_is_there() -> None:
    """With its anchor, where it names one."""
    for folder in ("countjobs", "project", "benchmarks", "tests"):
        for path in ROOT.glob(f"{folder}/**/*.py"):
            for name, anchor in re.findall(r"(docs/[\w-]+\.md)(?:#([\w-]+))?", path.read_text()):
                assert (ROOT / name).exists(), f"{path}: {name}"
                assert not anchor or anchor in anchors(ROOT / name), f"{path}: {name}#{anchor}"


@each_page
def test_every_import_of_an_example_works(page: Path) -> None:
    for block in blocks(str(page.relative_to(ROOT)), "python"):
        tree = ast.parse(block.text if not block.text.startswith('"OPTIONS"') else "")
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("countjobs"):
                exec(ast.unparse(node), {})


@each_page
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    if page.name != "CHANGELOG.md":
        named = re.findall(r"`((?:tests|project|benchmarks|countjobs|docs)/[\w/.-]*)`", prose(page))
        assert [path for path in named if not (ROOT / path).exists()] == []
