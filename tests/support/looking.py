"""What a browser finds wrong with a page: for people who don't see it, or touch, or use a mouse."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
LOOKS = files("tests.support").joinpath("looking.js").read_text()
"""The policy allows no script of ours on a page; what is evaluated there isn't one."""


COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that are about colours: in the dark, no other can find more than in the light."""


def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds, by some rules or all: the rule, and each element with what is wrong."""
    settle(page)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {AXE} }}")
    # Preloading, it would add the site's styles to the page once more, which the policy forbids.
    options = {"preload": False, "resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    found = page.evaluate("options => axe.run({exclude: [['datalist']]}, options)", options)
    return [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def settle(page: Page) -> None:
    """Let what still moves be at its end: a colour on its way is another than the one that stays.

    Not by waiting: where the browser draws no frame for a while, that may be for ever.
    """
    page.evaluate("() => document.getAnimations().forEach(each => each.finish())")


def look(page: Page, function: str) -> Any:
    """What a function of looking.js returns."""
    return page.evaluate(f"() => {{ {LOOKS}; return {function}(); }}")
