"""The Japanese catalogue holds every message of the sources, and is compiled as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import countjobs
from tests.support import msgids
from tests.support.catalogue import JAPANESE, Message, read_catalogue, read_compiled

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+#0]*\d*(?:\.\d+)?[a-zA-Z%]|\{\w*\}")


@pytest.fixture(scope="module")
def catalogue() -> dict[tuple[str, str], Message]:
    return read_catalogue(JAPANESE.read_text())


@pytest.fixture(scope="module")
def sources() -> dict[tuple[str, str], str | None]:
    return msgids.in_package(Path(countjobs.__file__).parent)


def placeholders(text: str, flags: set[str]) -> list[str]:
    """Those of a text, sorted where names tell them apart."""
    found = [each for each in PLACEHOLDER.findall(text) if "python-format" in flags or "{" in each]
    return sorted(found, key=lambda each: each if re.search(r"[({]\w", each) else "")


def test_every_message_of_the_sources_is_in_the_catalogue_and_no_other(
    catalogue: dict[tuple[str, str], Message], sources: dict[tuple[str, str], str | None]
) -> None:
    assert len(sources) > 250
    assert sources == {key: message.plural for key, message in catalogue.items()}


def test_every_message_has_its_japanese_words(catalogue: dict[tuple[str, str], Message]) -> None:
    assert not [key for key, message in catalogue.items() if not all(message.translations)]
    assert {len(message.translations) for message in catalogue.values()} == {1}


def test_no_translation_is_a_guess_of_a_tool(catalogue: dict[tuple[str, str], Message]) -> None:
    assert not [key for key, message in catalogue.items() if "fuzzy" in message.flags]


def test_no_placeholder_is_lost_or_made_up(catalogue: dict[tuple[str, str], Message]) -> None:
    for key, message in catalogue.items():
        wanted = placeholders(message.plural or key[1], message.flags)
        for text in message.translations:
            assert placeholders(text, message.flags) == wanted, key


def test_the_catalogue_is_compiled_as_it_is_written(
    catalogue: dict[tuple[str, str], Message],
) -> None:
    written = {key: message.translations for key, message in catalogue.items()}
    assert read_compiled(JAPANESE.with_suffix(".mo")) == written


def test_messages_are_found_in_a_module() -> None:
    source = """
from django.utils.translation import gettext as _, ngettext_lazy, npgettext, pgettext_lazy as p
_("plain")
_(
    "in two"
    " pieces"
)
ngettext_lazy("%d job", "%d jobs", 3)
p("a month", "May")
npgettext("sea", "%d port", "%d ports", 3)
other("not ours")
"""
    assert dict(msgids.in_module(source)) == {
        ("", "plain"): None,
        ("", "in two pieces"): None,
        ("", "%d job"): "%d jobs",
        ("a month", "May"): None,
        ("sea", "%d port"): "%d ports",
    }


def test_messages_are_found_in_a_template() -> None:
    source = """{% load i18n %}{% translate "it's" %}{{ x|default:_("none") }}
{% translate "May" context "a month" %}
{% blocktranslate count n=n %}{{ n }} job{% plural %}{{ n }} "jobs"{% endblocktranslate %}"""
    assert dict(msgids.in_template(source)) == {
        ("", "it's"): None,
        ("", "none"): None,
        ("a month", "May"): None,
        ("", "%(n)s job"): '%(n)s "jobs"',
    }


@pytest.mark.parametrize("argument", ["name", 'f"a {name}"', '"a" + name'])
def test_a_message_that_no_catalogue_can_hold_is_an_error(argument: str) -> None:
    source = f"from django.utils.translation import gettext\ngettext({argument})"
    with pytest.raises(msgids.NotLiteralError):
        list(msgids.in_module(source))


def test_a_catalogue_is_read_with_contexts_flags_plurals_and_escapes() -> None:
    text = r"""msgid ""
msgstr "Language: ja\n"

#, fuzzy, python-format
msgctxt "sea"
msgid "%d \"port\""
msgid_plural ""
"%d "
"ports"
msgstr[0] "港"

#~ msgid "gone"
#~ msgstr "無"
"""
    [(key, message)] = read_catalogue(text).items()
    assert key == ("sea", '%d "port"')
    assert message.flags == {"fuzzy", "python-format"}
    assert (message.plural, message.translations) == ("%d ports", ["港"])


@pytest.mark.parametrize(
    ("text", "flags", "expected"),
    [
        ("%(b)s %(a)d {n} {m}", {"python-format"}, ["%(a)d", "%(b)s", "{m}", "{n}"]),
        ("%s %d 5%%", {"python-format"}, ["%s", "%d", "%%"]),
        ("5 % of", set(), []),
        ('{"one": 1} {}', set(), ["{}"]),
    ],
)
def test_placeholders_are_known(text: str, flags: set[str], expected: list[str]) -> None:
    assert placeholders(text, flags) == expected
