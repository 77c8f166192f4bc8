"""Dispatching: each message at least once, in order, by one scheduler at a time, with backoff."""

from __future__ import annotations

from datetime import datetime

import pytest

from countjobs.alerts.dispatching import (
    FIRST_PAUSE,
    GATHER,
    GIVE_UP,
    LEASE,
    LONGEST_PAUSE,
    MOST_ALERTS,
    REST,
    channels_to_send_to,
    give_up_old,
    lease,
    renew,
    send_next,
)
from countjobs.alerts.message import Message
from countjobs.alerts.models import Alert, AlertChannel, State
from countjobs.alerts.outbox import write_test
from countjobs.alerts.sending.errors import CannotSend
from tests.support.alerting import URL, FakeSender, make_alert, make_channel
from tests.support.factories import NOON, SECOND

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

READY = NOON + GATHER


def send(now: datetime = READY, node: str = "one", channel: AlertChannel | None = None) -> bool:
    """As a scheduler does."""
    channel = channel or AlertChannel.objects.get()
    assert lease(channel.pk, node, now)
    channel.refresh_from_db()
    return send_next(channel, node, now)


def states() -> list[str]:
    return list(Alert.objects.order_by("pk").values_list("state", flat=True))


def jobs(fake: FakeSender) -> list[list[str]]:
    return [[alert["job_id"] for alert in each.payload["alerts"]] for each in fake.messages()]


def test_an_alert_waits_for_others_and_is_sent_with_them(sender: FakeSender) -> None:
    channel = make_channel()
    make_alert(channel, job_id="1")
    assert channels_to_send_to(READY - SECOND) == []
    make_alert(channel, NOON + SECOND, job_id="2")
    assert channels_to_send_to(READY) == [channel.pk]
    assert send()
    assert jobs(sender) == [["1", "2"]]
    assert states() == ["sent", "sent"]
    alert = Alert.objects.earliest("pk")
    assert (alert.sent_at, alert.tries, alert.error) == (READY, 1, "")
    assert str(alert.message) == sender.messages()[0].id


def test_after_a_message_a_channel_rests(sender: FakeSender) -> None:
    channel = make_channel()
    make_alert(channel)
    send()
    make_alert(channel)
    assert channels_to_send_to(READY + REST - SECOND) == []
    assert channels_to_send_to(READY + REST) == [channel.pk]


def test_what_is_not_for_sending_is_not_sent() -> None:
    make_alert(make_channel("sent"), state=State.SENT)
    make_alert(make_channel("off", enabled=False))
    make_alert(make_channel("leased", leased_to="x", leased_until=READY + SECOND))
    make_alert(make_channel("resting", not_before=READY + SECOND))
    make_alert(None)
    assert channels_to_send_to(READY) == []


def test_each_try_sends_the_same_message(sender: FakeSender) -> None:
    channel = make_channel()
    make_alert(channel, job_id="1")
    sender.refuse()
    assert not send()
    make_alert(channel, job_id="2")
    assert not send(READY + FIRST_PAUSE, "two")
    sender.errors.clear()
    assert send(READY + 3 * FIRST_PAUSE, "three")
    first, *others = sender.messages()
    assert others == [first, first]
    assert send(READY + 3 * FIRST_PAUSE + REST)
    assert jobs(sender) == [["1"], ["1"], ["1"], ["2"]], "what came later waits behind it"


def test_each_try_in_vain_makes_the_next_pause_longer(sender: FakeSender) -> None:
    channel = make_channel()
    make_alert(channel)
    sender.refuse()
    now, pauses = READY, []
    for _ in range(9):
        send(now)
        channel.refresh_from_db()
        assert channel.not_before is not None
        pauses.append(channel.not_before - now)
        now = channel.not_before
        assert channels_to_send_to(now - SECOND) == []
        assert channels_to_send_to(now) == [channel.pk]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-2:] == [LONGEST_PAUSE] * 2
    assert (channel.tries_in_vain, channel.last_error) == (9, "The server answered 500.")
    alert = Alert.objects.get()
    assert (alert.tries, alert.error, alert.state) == (9, channel.last_error, "waiting")
    sender.errors.clear()
    send(now)
    channel.refresh_from_db()
    assert (channel.tries_in_vain, channel.last_error, channel.leased_to) == (0, "", "")


@pytest.mark.parametrize("error", [ValueError("secret"), KeyError("secret"), Exception("secret")])
def test_a_senders_own_fault_is_noted_without_its_text(
    error: Exception, sender: FakeSender, caplog: pytest.LogCaptureFixture
) -> None:
    make_alert(make_channel())
    sender.refuse(error=error)
    assert not send()
    said = f"It could not be sent ({type(error).__name__})."
    assert AlertChannel.objects.get().last_error == Alert.objects.get().error == said
    assert said in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("text", ["x" * 900, "\0\ud800", "a\nb"], ids=range(3))
def test_whatever_a_server_says_can_be_noted(text: str, sender: FakeSender) -> None:
    make_alert(make_channel())
    sender.refuse(error=CannotSend(text))
    assert not send()
    assert Alert.objects.get().error


def test_a_message_that_cannot_be_made_up_is_noted_too(
    sender: FakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_alert(make_channel())
    monkeypatch.setattr("countjobs.alerts.dispatching.compose", lambda *_: 1 / 0)
    assert not send()
    assert Alert.objects.get().error == "It could not be sent (ZeroDivisionError)."


def test_a_kind_that_is_not_installed_is_noted(sender: FakeSender) -> None:
    make_alert(make_channel(kind="apprise"))
    assert not send()
    assert Alert.objects.get().error == "This kind of channel isn't installed here."


def test_a_lease_is_one_schedulers_until_it_runs_out(sender: FakeSender) -> None:
    channel = make_channel()
    assert lease(channel.pk, "one", NOON)
    assert not lease(channel.pk, "two", NOON + LEASE - SECOND)
    renew([channel.pk], "one", NOON + LEASE - SECOND)
    assert not lease(channel.pk, "two", NOON + LEASE)
    assert lease(channel.pk, "two", NOON + 2 * LEASE)
    renew([channel.pk], "one", NOON + 2 * LEASE)
    channel.refresh_from_db()
    assert (channel.leased_to, channel.leased_until) == ("two", NOON + 3 * LEASE)


def test_if_a_scheduler_dies_after_sending_the_same_message_is_sent_again(
    sender: FakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make_channel()
    make_alert(channel)
    with monkeypatch.context() as patched:
        patched.setattr("countjobs.alerts.dispatching._note_success", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send()
    make_alert(channel)
    assert channels_to_send_to(READY + LEASE - SECOND) == []
    assert send(READY + LEASE, "two")
    first, second = sender.messages()
    assert first == second


def test_who_lost_the_lease_sends_nothing(sender: FakeSender) -> None:
    channel = make_channel()
    make_alert(channel)
    assert lease(channel.pk, "one", NOON - LEASE)
    assert lease(channel.pk, "two", NOON)
    assert not send_next(channel, "one", READY)
    assert sender.sent == []


def test_who_loses_the_lease_meanwhile_leaves_the_channel_to_its_new_holder(
    sender: FakeSender,
) -> None:
    channel = make_channel()
    make_alert(channel)
    assert lease(channel.pk, "one", NOON - LEASE)

    def lose_it(target: str, key: str, message: Message) -> None:
        assert lease(channel.pk, "two", NOON)

    sender.send = lose_it  # type: ignore[method-assign]
    assert send_next(channel, "one", READY)
    channel.refresh_from_db()
    assert channel.leased_to == "two"
    assert states() == ["sent"], "it has arrived"
    assert not send_next(channel, "two", READY)


def test_after_a_day_alerts_are_given_up_and_the_rest_is_another_message(
    sender: FakeSender, caplog: pytest.LogCaptureFixture
) -> None:
    channel = make_channel()
    make_alert(channel, job_id="old")
    make_alert(channel, NOON + 60 * SECOND, job_id="new")
    sender.refuse()
    send()
    assert give_up_old(NOON + GIVE_UP) == 0
    assert give_up_old(NOON + GIVE_UP + SECOND) == 1
    assert states() == ["not_sent", "waiting"]
    assert "Not sent within a day, and given up: 1 alert." in caplog.text
    sender.errors.clear()
    assert send(NOON + GIVE_UP + SECOND)
    assert jobs(sender) == [["old", "new"], ["new"]]
    assert sender.messages()[0].id != sender.messages()[1].id


def test_a_deleted_channel_is_told_nothing_and_its_alerts_stay(
    sender: FakeSender, caplog: pytest.LogCaptureFixture
) -> None:
    channel = make_channel()
    make_alert(channel, state=State.SENT)
    make_alert(channel)
    channel.delete()
    assert channels_to_send_to(READY) == []
    assert give_up_old(READY) == 0
    assert states() == ["sent", "not_sent"]
    assert "given up" not in caplog.text
    assert not Alert.objects.exclude(channel=None, channel_name="ops").exists()


def test_a_channel_that_is_deleted_while_it_is_sent_to_harms_nothing(sender: FakeSender) -> None:
    channel = make_channel()
    make_alert(channel)
    assert lease(channel.pk, "one", READY)
    AlertChannel.objects.all().delete()
    channel.pk = 1
    assert not send_next(channel, "one", READY)


def test_a_dead_channel_holds_up_no_other(sender: FakeSender) -> None:
    dead, alive = make_channel("dead"), make_channel("alive", target=f"{URL}/other")
    for channel in (dead, alive):
        make_alert(channel)
    sender.refuse()
    assert not send(channel=dead)
    assert channels_to_send_to(READY) == [alive.pk]
    assert send(channel=alive)


def test_a_test_is_tried_at_once_even_after_failures(sender: FakeSender) -> None:
    channel = make_channel(not_before=NOON + 60 * SECOND, tries_in_vain=9, last_error="no")
    write_test(channel)
    assert send()
    assert sender.messages()[0].subject == "A test: messages arrive here."


def test_a_great_many_alerts_go_out_in_messages_of_bounded_size(sender: FakeSender) -> None:
    channel = make_channel()
    Alert.objects.bulk_create(
        Alert(channel=channel, event="failed", job_id=str(i), job_name="x", created_at=NOON)
        for i in range(20_000)
    )
    assert channels_to_send_to(READY) == [channel.pk]
    assert send()
    assert send(READY + REST)
    assert [len(each) for each in jobs(sender)] == [MOST_ALERTS] * 2
    assert jobs(sender)[1][0] == str(MOST_ALERTS)
    assert len(sender.messages()[0].text) < 3_000
