"""Issue 13, line 1: alerts, while schedulers are killed and receivers fail, all by chance."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from countjobs.alerts.models import Alert, AlertChannel, State
from countjobs.models import Execution
from tests.app.models import Unsteady
from tests.support.accidents import Receipts
from tests.support.bad_receivers import (
    HOOK,
    KEY,
    MAIL,
    Hang,
    hanging_receiver,
    mail_receiver,
    refusing_receiver,
    webhook_receiver,
)
from tests.support.chaos import PATIENCE_SECONDS
from tests.support.herd import Herd, running_herd
from tests.support.told_alerts import faults
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

SETTINGS = "tests.hurried.settings"
JOBS = 120
CHANGES = 500
LEAST_KILLS = 8


@dataclass
class World:
    """What the schedulers send to."""

    receipts: Receipts
    hang: Hang
    live: list[AlertChannel] = field(default_factory=list)
    dead: list[AlertChannel] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """How many changes of jobs' states each channel is to be told of."""
        return Alert.objects.filter(channel=self.live[0]).count()

    def waiting(self, channels: list[AlertChannel]) -> int:
        return Alert.objects.filter(channel__in=channels, state=State.WAITING).count()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    seed = str(request.config.getoption("--chaos-seed") or random.randrange(1_000_000))
    print(f"--chaos-seed {seed}")  # shown where it fails, or with -s
    return seed


@pytest.fixture
def world(seed: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Two live channels, and two dead ones."""
    with ExitStack() as opened:
        receipts = Receipts(seed)
        world = World(receipts, opened.enter_context(hanging_receiver()))
        hook = opened.enter_context(webhook_receiver(receipts))
        mail = opened.enter_context(mail_receiver(receipts))
        refusing = opened.enter_context(refusing_receiver())
        monkeypatch.setenv("TEST_MAIL_PORT", str(mail))
        create = AlertChannel.objects.create
        world.dead += [
            create(name="a dead one", kind="webhook", target=world.hang.url),
            create(name="a refusing one", kind="webhook", target=refusing),
        ]
        world.live += [
            create(name=HOOK, kind="webhook", target=hook, key=KEY),
            create(name=MAIL, kind="mail", target="ops@example.org"),
        ]
        yield world


def begin(jobs: int, notes: Path) -> None:
    """Jobs that run every second, and fail by chance."""
    with transaction.atomic():
        Unsteady.objects.bulk_create(
            Unsteady(name=f"unsteady {number}", second="*", file=str(notes))
            for number in range(jobs)
        )


def strike(herd: Herd, world: World) -> bool:
    """Kill a scheduler, unless it sends what has had an accident. Returns whether it did."""
    victim = herd.choose()
    with transaction.atomic():
        # Locked, so that nobody begins to send, nor records that something was sent.
        locked = AlertChannel.objects.filter(pk__in=[each.pk for each in world.live]).locked()
        held = [each.pk for each in locked if f":{victim.pid}:" in each.leased_to]
        sent = Alert.objects.filter(channel__in=held, state=State.WAITING, message__isnull=False)
        messages = {str(id_) for id_ in sent.values_list("message", flat=True)}
        if messages & world.receipts.accidents:
            return False
        world.receipts.accidents |= messages
        herd.kill(victim)
    return True


def rage(herd: Herd, world: World) -> None:
    """Kill one scheduler after the other, until there were enough changes."""
    kills = 0
    deadline = time.monotonic() + 2 * PATIENCE_SECONDS
    while kills < LEAST_KILLS or world.changes < CHANGES:
        assert time.monotonic() < deadline, herd.excerpts()
        seen = len(world.receipts.taken)
        time.sleep(herd.random.uniform(0.2, 2))
        # Some get on in between, on a slow machine, too.
        wait_until(partial(_goes_on, world, seen), PATIENCE_SECONDS, herd.excerpts)
        wait_until(partial(strike, herd, world), PATIENCE_SECONDS, herd.excerpts)
        kills += 1


def _goes_on(world: World, seen: int) -> bool:
    return len(world.receipts.taken) > seen


def settle(herd: Herd, world: World) -> None:
    """Have the jobs end, and wait until all is told."""
    Unsteady.objects.update(end_date=timezone.now())
    over = Execution.objects.active()
    wait_until(lambda: not over.exists(), PATIENCE_SECONDS, herd.excerpts, every=0.2)
    told = world.live
    wait_until(lambda: not world.waiting(told), PATIENCE_SECONDS, herd.excerpts, every=0.2)
    tried = Alert.objects.filter(channel__in=world.dead, tries__gte=2).values("channel").distinct()
    wait_until(lambda: len(tried.all()) == len(world.dead), PATIENCE_SECONDS, herd.excerpts)
    herd.end()


def test_promise_21_each_change_is_told_in_order_once_or_twice_whoever_is_killed(
    tmp_path: Path, seed: str, world: World
) -> None:
    size = 3 if connection.vendor == "postgresql" else 2
    began = time.monotonic()
    with running_herd(size, tmp_path, seed=seed, settings=SETTINGS) as herd:
        herd.wait_until_up()
        begin(JOBS, tmp_path / "notes")
        rage(herd, world)
        raged = time.monotonic()
        settle(herd, world)
    found = faults(world.receipts)
    print(
        f"{herd.story()}; {world.changes} changes, {len(world.receipts.taken)} messages,"
        f" {len(world.receipts.again())} told twice, {dict(world.receipts.fates)};"
        f" {raged - began:.0f} s and {time.monotonic() - raged:.0f} s"
    )
    assert not found, "\n".join([*found, herd.excerpts()])
    for channel in world.dead:
        channel.refresh_from_db()
        waiting = channel.alert_set.filter(state=State.WAITING)
        assert waiting.count() == world.changes
        assert waiting.order_by("pk")[0].error == channel.last_error != ""
        assert channel.tries_in_vain >= 2


def test_a_channel_that_does_not_answer_holds_up_no_other(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_WAITS", json.dumps({"sending.webhook.SECONDS": 100}))
    with running_herd(1, tmp_path, seed="0", settings=SETTINGS) as herd:
        begin(1, tmp_path / "notes")
        wait_until(lambda: world.hang.open, PATIENCE_SECONDS, herd.excerpts)
        changes = world.changes
        told = Alert.objects.filter(channel__in=world.live, state=State.SENT)
        wait_until(lambda: told.count() >= 2 * (changes + 3), PATIENCE_SECONDS, herd.excerpts)
        assert (world.hang.open, world.hang.tries) == (1, 1)
        assert not Alert.objects.filter(channel=world.dead[0]).exclude(tries=0).exists()
