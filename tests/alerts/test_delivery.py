"""The delivery beside a scheduler: it sends what is ready, and goes on whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from countjobs.alerts import delivery as module
from countjobs.alerts import dispatching
from countjobs.alerts.delivery import MOST_AT_ONCE, Delivery
from countjobs.alerts.dispatching import channels_to_send_to
from countjobs.alerts.message import Message
from countjobs.alerts.models import Alert, AlertChannel
from countjobs.models import FailingJob
from countjobs.schedulers import companions
from tests.support.alert_people import alert_client
from tests.support.alerting import URL, FakeSender, make_alert, make_channel
from tests.support.factories import make_definition
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

AGO = timedelta(minutes=1)


def delivery(node: str = "here:1:1") -> Delivery:
    scheduler: Any = SimpleNamespace(heartbeat=SimpleNamespace(name=node))
    return Delivery(cast("Any", scheduler))


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivery]:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    one = delivery()
    one.start()
    yield one
    one.stop(30)
    assert not one._thread.is_alive()


def ready(channel: AlertChannel) -> Alert:
    return make_alert(channel, timezone.now() - AGO)


def test_every_scheduler_has_one() -> None:
    assert Delivery in companions._makers


def test_it_sends_what_is_ready_to_each_channel(running: Delivery, sender: FakeSender) -> None:
    for number in range(3):
        ready(make_channel(f"{number}", target=f"{URL}/{number}"))
    wait_until(lambda: Alert.objects.filter(state="sent").count() == 3)
    assert sorted(target for target, _message in sender.sent) == [f"{URL}/{i}" for i in range(3)]
    assert not AlertChannel.objects.exclude(leased_to="").exists()


def test_two_deliveries_send_each_message_once(running: Delivery, sender: FakeSender) -> None:
    other = delivery("there:2:2")
    for number in range(10):
        ready(make_channel(f"{number}", target=f"{URL}/{number}"))
    other.start()
    wait_until(lambda: Alert.objects.filter(state="sent").count() == 10)
    other.stop(30)
    assert len(sender.sent) == 10


def test_a_server_that_does_not_answer_takes_one_place_of_some(sender: FakeSender) -> None:
    gate = threading.Event()
    asked: list[str] = []

    def hang(target: str, key: str, message: Message) -> None:
        asked.append(target)
        assert gate.wait(60)

    sender.send = hang  # type: ignore[method-assign]
    for number in range(MOST_AT_ONCE + 1):
        ready(make_channel(f"{number}", target=f"{URL}/{number}"))
    one = delivery()
    one.look()
    wait_until(lambda: len(asked) == MOST_AT_ONCE)
    AlertChannel.objects.exclude(leased_to="").update(leased_until=timezone.now())
    one.look()
    assert len(asked) == MOST_AT_ONCE
    held = AlertChannel.objects.filter(leased_until__gt=timezone.now() + timedelta(seconds=9))
    assert held.count() == MOST_AT_ONCE, "what is being sent to stays leased"
    gate.set()
    wait_until(lambda: not one._sending)
    one.look()
    wait_until(lambda: Alert.objects.filter(state="sent").count() == MOST_AT_ONCE + 1)
    wait_until(lambda: not one._sending)


def test_at_its_end_it_waits_for_what_is_being_sent(sender: FakeSender) -> None:
    gate = threading.Event()

    def wait(target: str, key: str, message: Message) -> None:
        assert gate.wait(60)

    sender.send = wait  # type: ignore[method-assign]
    ready(make_channel())
    one = delivery()
    one.start()
    one.look()
    assert one._sending
    threading.Timer(0.1, gate.set).start()
    one.stop(30)
    assert not one._sending
    assert Alert.objects.get().state == "sent"


def test_an_outage_is_told_once_and_then_it_goes_on(
    running: Delivery,
    sender: FakeSender,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real, failures = channels_to_send_to, [0]

    def fail_at_first(now: Any) -> list[int]:
        failures[0] += 1
        if failures[0] < 4:
            raise OperationalError("away")
        return real(now)

    monkeypatch.setattr(dispatching, "channels_to_send_to", fail_at_first)
    ready(make_channel())
    wait_until(lambda: Alert.objects.filter(state="sent").exists())
    assert caplog.text.count("Alerts can't be sent now") == 1


def test_if_the_outcome_cannot_be_recorded_the_lease_runs_out(
    sender: FakeSender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(dispatching, "_note_success", fail)
    ready(make_channel())
    one = delivery()
    one.look()
    wait_until(lambda: not one._sending)
    assert "How a message was sent can't be recorded: away" in caplog.text
    assert AlertChannel.objects.get().leased_to == "here:1:1"
    assert Alert.objects.get().state == "waiting"


def test_it_gives_up_old_alerts_and_writes_reminders(sender: FakeSender) -> None:
    channel = make_channel()
    long_ago = timezone.now() - timedelta(days=2)
    make_alert(channel, long_ago)
    definition = make_definition(due=None)
    FailingJob.objects.create(
        job_id=definition.job_id, since=long_ago, noted_at=long_ago, execution_id=1
    )
    delivery().look()
    found = Alert.objects.order_by("pk").values_list("state", "is_reminder")
    assert list(found) == [("not_sent", False), ("waiting", True)]


def test_of_two_schedulers_one_gets_the_lease() -> None:
    channels = [make_channel(str(number)).pk for number in range(10)]
    taken: list[tuple[int, str]] = []
    now, ready = timezone.now(), threading.Barrier(2)

    def take(node: str) -> None:
        with closing(connection):
            ready.wait(60)
            taken.extend((pk, node) for pk in channels if dispatching.lease(pk, node, now))

    threads = [threading.Thread(target=take, args=(node,), daemon=True) for node in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(pk for pk, _node in taken) == channels


def test_a_channel_that_is_deleted_while_an_alert_is_written_undoes_nothing() -> None:
    if not connection.features.has_select_for_update:
        pytest.skip("This database takes one writer at a time.")
    channel = make_channel()

    def delete() -> None:
        with closing(connection):
            AlertChannel.objects.all().delete()

    with transaction.atomic():
        alert = make_alert(channel)
        thread = threading.Thread(target=delete, daemon=True)
        thread.start()
        thread.join(60)
        assert not thread.is_alive(), "nobody waits for a run that is being recorded"
    assert not AlertChannel.objects.exists()
    assert Alert.objects.get() == alert
    assert dispatching.channels_to_send_to(timezone.now()) == []
    url = reverse("admin:countjobs_alerts_alert_change", args=[alert.pk])
    assert alert_client("superuser").get(url).status_code == 200
