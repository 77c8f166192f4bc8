"""Which message goes next to a channel, to which channel first, and who may send it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from countjobs.alerts import dispatching
from countjobs.alerts.models import Alert, AlertChannel, State
from countjobs.alerts.sending.errors import CannotSend
from tests.support.factories import NOON

pytestmark = pytest.mark.django_db

HERE, OTHER = "here:1:1", "other:2:2"


@pytest.fixture
def channel() -> AlertChannel:
    return leased("ops")


def leased(name: str, **values: Any) -> AlertChannel:
    """A channel that this scheduler may send to."""
    until = NOON + dispatching.LEASE
    given = {"target": f"{name}@example.org", "leased_to": HERE, "leased_until": until, **values}
    return AlertChannel.objects.create(name=name, **given)


def alert(channel: AlertChannel, pk: int, job: str = "job", **values: Any) -> Alert:
    return Alert.objects.create(
        pk=pk,
        channel=channel,
        channel_name=channel.name,
        event="failed",
        job_id=job,
        job_name=job,
        created_at=NOON,
        **values,
    )


def numbers(alerts: list[Alert]) -> list[int]:
    return [each.pk for each in alerts]


def test_a_message_stays_the_same_at_each_try(channel: AlertChannel) -> None:
    alert(channel, 1)
    alert(channel, 2)
    first = dispatching.next_message(channel, HERE)
    alert(channel, 3)
    again = dispatching.next_message(channel, HERE)
    assert numbers(first) == numbers(again) == [1, 2]
    assert {each.message for each in first} == {each.message for each in again}


def test_an_older_alert_that_is_committed_late_lets_no_newer_one_overtake(
    channel: AlertChannel,
) -> None:
    alert(channel, 2, "import")
    assert numbers(dispatching.next_message(channel, HERE)) == [2]
    alert(channel, 1, "backup")
    alert(channel, 3, "import")
    assert numbers(dispatching.next_message(channel, HERE)) == [2]
    Alert.objects.filter(pk=2).update(state=State.SENT)
    assert numbers(dispatching.next_message(channel, HERE)) == [1, 3]


def test_who_has_lost_the_channel_sends_nothing(channel: AlertChannel) -> None:
    alert(channel, 1)
    AlertChannel.objects.update(leased_to=OTHER)
    assert dispatching.next_message(channel, HERE) == []
    assert Alert.objects.get().message is None


def test_a_try_in_vain_that_ends_late_leaves_alone_what_another_has_sent(
    channel: AlertChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert(channel, 1)

    def send(*_: object) -> None:
        AlertChannel.objects.update(leased_to=OTHER, last_error="")
        Alert.objects.update(state=State.SENT, tries=1)
        raise CannotSend("It is too late.")

    monkeypatch.setattr("countjobs.alerts.sending.mail.MailSender.send", send)
    assert not dispatching.send_next(channel, HERE, NOON)
    found = Alert.objects.get()
    assert (found.state, found.tries, found.error) == (State.SENT, 1, "")
    assert AlertChannel.objects.get().last_error == ""


def test_a_message_that_cannot_be_made_up_is_told_and_tried_again(
    channel: AlertChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert(channel, 1)

    def compose(*_: object) -> None:
        raise KeyError("s3cret")

    monkeypatch.setattr(dispatching, "compose", compose)
    assert not dispatching.send_next(channel, HERE, NOON)
    channel.refresh_from_db()
    assert channel.last_error == Alert.objects.get().error == "It could not be sent (KeyError)."
    assert channel.not_before == NOON + dispatching.FIRST_PAUSE
    assert channel.leased_to == ""


def test_channels_that_fail_come_after_those_that_do_not() -> None:
    free = {"leased_to": "", "leased_until": None}
    failing = leased("a", tries_in_vain=3, **free)
    fine = leased("b", **free)
    for number, each in enumerate([failing, fine]):
        alert(each, number + 1)
    ready = dispatching.channels_to_send_to(NOON + timedelta(minutes=1))
    assert ready == [fine.pk, failing.pk]
