"""Dispatching: one message to one channel, by one scheduler at a time, with a record of each step.

A channel is leased, so that two schedulers never send to it at once. Before a message is sent, its
alerts get its id, so that each try sends the same message with the same id, whoever tries. If a
scheduler is killed between sending and recording that, or the answer is lost, the message is sent
once more: it arrives at least once, and twice only then. While a message of a channel can't be
sent, newer ones wait behind it: what is told of one job stays in order.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Min

from countjobs.alerts.composing import compose
from countjobs.alerts.models import WAITS_SINCE, Alert, AlertChannel, State
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.senders import senders
from countjobs.database.turns import own_turn
from countjobs.text import counted, in_one_line, storable

logger = in_one_line(logging.getLogger(__name__))

LEASE = timedelta(seconds=30)
"""How long a channel stays leased if its scheduler doesn't renew that."""
GATHER = timedelta(seconds=3)
"""How long a new alert waits for others, so that they become one message."""
REST = timedelta(seconds=30)
"""How long a channel rests after a message, so that a storm becomes a few messages."""
FIRST_PAUSE = timedelta(seconds=10)
"""After the first try in vain. Each further pause is twice as long."""
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP = timedelta(days=1)
"""Alerts that could not be sent for so long are not sent any more."""
MOST_ALERTS = 500
"""In one message."""
_MOST_ERROR = 500


def channels_to_send_to(now: datetime) -> list[int]:
    """The keys of free channels for which alerts wait that are ready, those first that have failed
    the least. Raises django.db.Error.
    """
    waiting = Alert.objects.filter(state=State.WAITING, channel__isnull=False).order_by()
    ready = (
        waiting.values("channel").annotate(oldest=Min(WAITS_SINCE)).filter(oldest__lte=now - GATHER)
    )
    free = AlertChannel.objects.free(now).filter(pk__in=ready.values("channel"))
    # Those that answer come first: there is room for a few channels at once.
    return list(free.order_by("tries_in_vain", "pk").values_list("pk", flat=True))


def lease(channel: int, node: str, now: datetime) -> bool:
    """Take a channel for a scheduler. Returns False if another was faster."""
    free = AlertChannel.objects.free(now).filter(pk=channel)
    return bool(free.update(leased_to=node, leased_until=now + LEASE))


def renew(channels: Sequence[int], node: str, now: datetime) -> None:
    """Keep channels that are being sent to."""
    ours = AlertChannel.objects.filter(pk__in=channels, leased_to=node)
    ours.filter(leased_until__isnull=False).update(leased_until=now + LEASE)


def send_next(channel: AlertChannel, node: str, now: datetime) -> bool:
    """Send a leased channel's next message, and record how that went. Returns whether it was sent.

    Raises django.db.Error.
    """
    alerts = next_message(channel, node)
    if not alerts:
        _release(channel, node)
        return False
    try:
        message = compose(alerts, alerts[0].message or uuid4())
        if (sender := senders().get(channel.kind)) is None:
            raise CannotSend("This kind of channel isn't installed here.")
        sender.send(channel.target, channel.key, message)
    except CannotSend as error:
        _note_failure(channel, node, alerts, storable(str(error))[:_MOST_ERROR], now)
        return False
    except Exception as error:  # a sender's own fault, or a library's: its text may hold a secret
        reason = f"It could not be sent ({type(error).__name__})."
        _note_failure(channel, node, alerts, reason, now)
        return False
    _note_success(channel, node, alerts, now)
    return True


def next_message(channel: AlertChannel, node: str) -> list[Alert]:
    """The alerts of the message to send to a channel: of the one that is made up already, otherwise
    of a new one. Empty: there are none, or another scheduler has the channel now.

    An alert may be committed after others that are newer. So the message that is made up need not
    have the oldest alert; it goes first all the same, as later alerts of its jobs would overtake
    it.
    """
    with own_turn(), transaction.atomic():
        if not AlertChannel.objects.filter(pk=channel.pk, leased_to=node).locked():
            return []
        waiting = Alert.objects.filter(channel=channel).waiting()
        made_up = waiting.exclude(message=None).values_list("message", flat=True).first()
        if made_up is None:
            new = list(waiting.values_list("pk", flat=True)[:MOST_ALERTS])
            made_up = uuid4()
            Alert.objects.filter(pk__in=new).update(message=made_up)
        return list(waiting.filter(message=made_up))


def _note_success(channel: AlertChannel, node: str, alerts: list[Alert], now: datetime) -> None:
    with own_turn(), transaction.atomic():
        Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(
            state=State.SENT, sent_at=now, tries=F("tries") + 1, error=""
        )
        _release(channel, node, not_before=now + REST, tries_in_vain=0, last_error="")


def _note_failure(
    channel: AlertChannel, node: str, alerts: list[Alert], reason: str, now: datetime
) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(channel.tries_in_vain, 16), LONGEST_PAUSE)
    with own_turn(), transaction.atomic():
        # Another scheduler may have sent it meanwhile, if this one was frozen.
        ours = Alert.objects.filter(pk__in=[alert.pk for alert in alerts], state=State.WAITING)
        ours.update(tries=F("tries") + 1, error=reason)
        _release(
            channel,
            node,
            not_before=now + pause,
            tries_in_vain=channel.tries_in_vain + 1,
            last_error=reason,
        )
    logger.warning("Alerts can't be sent to the channel “%s”: %s", channel.name, reason)


def _release(channel: AlertChannel, node: str, **values: object) -> None:
    """Let other schedulers take a channel, if it is still ours."""
    ours = AlertChannel.objects.filter(pk=channel.pk, leased_to=node)
    ours.update(leased_to="", leased_until=None, **values)


def give_up_old(now: datetime) -> int:
    """Send no more what could not be sent for a day. Returns how many.

    What waits for a channel that was deleted is given up at once.
    """
    waiting = Alert.objects.filter(state=State.WAITING)
    with own_turn(), transaction.atomic():
        waiting.filter(channel=None).update(state=State.NOT_SENT)
        old = waiting.alias(waits_since=WAITS_SINCE).filter(waits_since__lt=now - GIVE_UP)
        messages = list(old.exclude(message=None).order_by().values_list("message").distinct())
        given_up = old.update(state=State.NOT_SENT)
        # What is left of a message is another one.
        waiting.filter(message__in=[each for (each,) in messages]).update(message=None)
    if given_up:
        logger.error("Not sent within a day, and given up: %s.", counted(given_up, "alert"))
    return given_up
