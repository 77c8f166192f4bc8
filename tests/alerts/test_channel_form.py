"""The form of a channel: what is left empty is kept, and what is wrong is said at its place."""

from __future__ import annotations

from typing import Any

import pytest

from countjobs.alerts.channel_form import ChannelForm
from countjobs.alerts.models import MOST_GROUPS, AlertChannel
from tests.support.alerting import SECRET_KEY, URL, make_channel
from tests.support.factories import make_definition

pytestmark = pytest.mark.django_db

HOOK = {"name": "ops", "kind": "webhook", "enabled": "on", "target": URL}
MAIL = {"name": "ops", "kind": "mail", "enabled": "on", "target": "ann@example.com"}


def saved(data: dict[str, Any], channel: AlertChannel | None = None) -> AlertChannel:
    form = ChannelForm(data, instance=channel)
    assert form.errors == {}
    form.save()
    return AlertChannel.objects.get()


def errors(data: dict[str, Any], channel: AlertChannel | None = None) -> dict[str, list[str]]:
    found = ChannelForm(data, instance=channel).errors
    return {name: list(map(str, said)) for name, said in found.items()}


def test_a_channel_is_saved_with_all_that_was_said() -> None:
    channel = saved(
        {
            **HOOK,
            "key": SECRET_KEY,
            "events": ["failed", "silent"],
            "groups": " night \r\n\r\nday\nnight\n",
        }
    )
    assert (channel.name, channel.kind, channel.enabled) == ("ops", "webhook", True)
    assert (channel.target, channel.key) == (URL, SECRET_KEY)
    assert (channel.events, channel.groups) == (["failed", "silent"], ["night", "day"])


def test_by_default_it_is_told_everything() -> None:
    channel = saved(MAIL)
    assert (channel.events, channel.groups, channel.key) == ([], [], "")


def test_what_is_left_empty_is_kept() -> None:
    channel = saved({**HOOK, "target": "", "name": "new"}, make_channel(key=SECRET_KEY))
    assert (channel.name, channel.target, channel.key) == ("new", URL, SECRET_KEY)


def test_a_target_and_a_key_are_replaced_by_others() -> None:
    url = "https://other.example.com/"
    channel = saved({**HOOK, "target": url, "key": "other"}, make_channel(key=SECRET_KEY))
    assert (channel.target, channel.key) == (url, "other")


def test_a_key_can_be_forgotten() -> None:
    form = ChannelForm(instance=make_channel("other"))
    assert "no_key" not in form.fields, "there is none"
    AlertChannel.objects.all().delete()
    assert saved({**HOOK, "no_key": "on"}, make_channel(key=SECRET_KEY)).key == ""


def test_another_kind_needs_a_target_of_its_own_and_has_no_key() -> None:
    channel = make_channel(key=SECRET_KEY)
    assert errors({**MAIL, "target": ""}, channel) == {
        "target": ["Enter where messages of this kind go."]
    }
    channel.refresh_from_db()
    channel = saved(MAIL, channel)
    assert (channel.target, channel.key) == ("ann@example.com", "")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"target": ""}, "target"),
        ({"target": "ann@example.com\0"}, "target"),
        ({"target": "x" * 5_001}, "target"),
        ({"target": "nonsense"}, "target"),
        ({"kind": "nonsense"}, "kind"),
        ({"kind": "webhook"}, "target"),
        ({"key": "a key"}, "key"),
        ({"kind": "webhook", "target": URL, "key": "x" * 256}, "key"),
        ({"kind": "webhook", "target": URL, "key": "whsec_%"}, "key"),
        ({"kind": "webhook", "target": "http://10.0.0.1/"}, "target"),
        ({"events": ["test"]}, "events"),
        ({"events": ["nonsense"]}, "events"),
        ({"groups": "\n".join(map(str, range(MOST_GROUPS + 1)))}, "groups"),
        ({"groups": "a\0"}, "groups"),
        ({"groups": "a\u202e"}, "groups"),
        ({"groups": "x" * 101}, "groups"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(wrong: dict[str, Any], field: str) -> None:
    assert list(errors({**MAIL, **wrong})) == [field]


def test_two_channels_have_two_names() -> None:
    make_channel()
    assert list(errors(MAIL)) == ["name"]


def test_nothing_secret_is_put_into_the_form() -> None:
    form = ChannelForm(instance=make_channel(key=SECRET_KEY))
    shown = form.as_p()
    assert URL not in shown
    assert SECRET_KEY not in shown
    assert "hooks.example.com/…" in shown
    assert "It has a key. Leave it empty to keep it." in shown


def test_what_was_typed_is_shown_again_but_for_the_key() -> None:
    form = ChannelForm({**HOOK, "name": "", "key": "typed just now"})
    shown = form.as_p()
    assert URL in shown
    assert "typed just now" not in shown


def test_only_what_differs_has_changed() -> None:
    channel = make_channel(groups=["night"], events=["failed"], key=SECRET_KEY)
    same = {**HOOK, "target": "", "groups": "night", "events": ["failed"]}
    assert ChannelForm(same, instance=channel).changed_data == []
    other = {**same, "groups": "day", "target": URL, "key": "k"}
    assert set(ChannelForm(other, instance=channel).changed_data) == {"groups", "target", "key"}


def test_the_groups_there_are_are_named() -> None:
    for number in range(25):
        make_definition(str(number), group=f"group {number:02}")
    said = str(ChannelForm().fields["groups"].help_text)
    assert "There are: group 00, group 01" in said
    assert "group 19" in said
    assert "group 20" not in said
