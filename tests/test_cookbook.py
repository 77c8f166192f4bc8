"""Every example of the cookbook works."""

from __future__ import annotations

import pytest
from django.test.utils import isolate_apps

from tests.markdown import Block, blocks, run

EXAMPLES = blocks("docs/cookbook.md", "python")


def test_the_examples_are_found() -> None:
    assert len(EXAMPLES) >= 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
@isolate_apps("tests.app")
def test_an_example_of_the_cookbook_works(example: Block) -> None:
    run(example, "docs/cookbook.md")
