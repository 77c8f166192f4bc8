"""The Japanese catalogue holds every message of the sources, and is compiled as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

import countjobs
from tests.support import msgids

PACKAGE = Path(countjobs.__file__).parent
JAPANESE = PACKAGE / "locale/ja/LC_MESSAGES/django.po"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+#0]*\d*(?:\.\d+)?[a-zA-Z%]|\{\w*\}")


@pytest.fixture(scope="module")
def catalogue() -> list[polib.POEntry]:
    return list(polib.pofile(str(JAPANESE), check_for_duplicates=True))


def key_of(entry: polib.POEntry) -> msgids.Key:
    return entry.msgctxt or "", entry.msgid


def translations(entry: polib.POEntry) -> list[str]:
    """One; or one for each plural form of the language, of which Japanese has one."""
    return list(entry.msgstr_plural.values()) or [entry.msgstr]


def placeholders(text: str, flags: set[str]) -> list[str]:
    """Those of a text, sorted where names tell them apart."""
    found = [each for each in PLACEHOLDER.findall(text) if "python-format" in flags or "{" in each]
    return sorted(found, key=lambda each: each if re.search(r"[({]\w", each) else "")


def test_every_message_of_the_sources_is_in_the_catalogue_and_no_other(
    catalogue: list[polib.POEntry],
) -> None:
    sources = msgids.in_package(PACKAGE)
    assert len(sources) > 250
    assert sources == {key_of(entry): entry.msgid_plural or None for entry in catalogue}


def test_every_message_has_its_japanese_words_and_none_is_a_guess_of_a_tool(
    catalogue: list[polib.POEntry],
) -> None:
    assert not [entry.msgid for entry in catalogue if not all(translations(entry))]
    assert not [entry.msgid for entry in catalogue if entry.fuzzy or entry.obsolete]
    assert {len(translations(entry)) for entry in catalogue} == {1}


def test_no_placeholder_is_lost_or_made_up(catalogue: list[polib.POEntry]) -> None:
    for entry in catalogue:
        wanted = placeholders(entry.msgid_plural or entry.msgid, set(entry.flags))
        for text in translations(entry):
            assert placeholders(text, set(entry.flags)) == wanted, entry.msgid


def test_the_catalogue_is_compiled_as_it_is_written(catalogue: list[polib.POEntry]) -> None:
    compiled = polib.mofile(str(JAPANESE.with_suffix(".mo")))
    assert {key_of(entry): translations(entry) for entry in compiled} == {
        key_of(entry): translations(entry) for entry in catalogue
    }


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
