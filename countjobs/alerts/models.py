"""The models: channels, which say where alerts go, and alerts, which are the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from countjobs.alerts.events import EVENTS, Event
from countjobs.alerts.sending.senders import senders
from countjobs.alerts.sending.webhook import check_key
from countjobs.database.primary import PrimaryQuerySet
from countjobs.text import validate_length, validate_marks, visible

MOST_GROUPS = 100
MOST_LENGTH = 100
"""Characters of a group's name."""


class Kind(models.TextChoices):
    """How a channel sends."""

    MAIL = "mail", _("Mail")
    WEBHOOK = "webhook", _("Webhook")
    APPRISE = "apprise", "Apprise"


def validate_words(value: Any) -> None:
    """Check a list of words. Raises ValidationError."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValidationError(_("Enter a list of words."), code="list")
    if len(value) > MOST_GROUPS:
        raise ValidationError(_("These are too many."), code="many")
    for each in value:
        validate_length(each, MOST_LENGTH)
        validate_marks(each)


def _words(value: Any) -> list[str]:
    """The words of a list. Raw SQL may have put anything there."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def validate_events(value: Any) -> None:
    """Check the events of a channel. Raises ValidationError."""
    validate_words(value)
    if unknown := [each for each in value if each not in EVENTS]:
        raise ValidationError(_("There is no event “%(event)s”."), params={"event": unknown[0]})


class AlertChannelQuerySet(PrimaryQuerySet["AlertChannel"]):
    """Queries about channels."""

    def free(self, now: datetime) -> Self:
        """Enabled channels that nobody sends to, and that may be tried now."""
        unleased = models.Q(leased_until=None) | models.Q(leased_until__lte=now)
        may_try = models.Q(not_before=None) | models.Q(not_before__lte=now)
        return self.filter(unleased, may_try, enabled=True)

    def locked(self) -> list[AlertChannel]:
        """These, locked, in the order of their keys. Alerts for them may be written meanwhile."""
        no_key = connection.features.has_select_for_no_key_update
        return list(self.order_by("pk").select_for_update(no_key=no_key))


class AlertChannel(models.Model):
    """Where alerts go."""

    Kind = Kind

    name = models.CharField(_("name"), max_length=100, unique=True, validators=[validate_marks])
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("A disabled channel is told nothing.")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices, default=Kind.MAIL)
    target = models.TextField(
        _("target"), help_text=_("Mail addresses, or the URL. It isn't shown again.")
    )
    key = models.CharField(
        _("key"),
        max_length=255,
        blank=True,
        help_text=_("Signs the messages to a webhook. It isn't shown again."),
    )
    groups = models.JSONField(
        _("groups"),
        default=list,
        blank=True,
        validators=[validate_words],
        help_text=_("Only jobs of these groups, one in each line. Empty: all jobs."),
    )
    events = models.JSONField(
        _("events"),
        default=list,
        blank=True,
        validators=[validate_events],
        help_text=_("Only these events. None chosen: all events."),
    )
    # How the sending goes.
    leased_to = models.CharField(max_length=255, blank=True, default="", editable=False)
    """The scheduler that sends to it."""
    leased_until = models.DateTimeField(null=True, editable=False)
    """Until then no other scheduler does. Null: any may."""
    not_before = models.DateTimeField(null=True, editable=False)
    """When the next message may be tried."""
    tries_in_vain = models.PositiveIntegerField(default=0, editable=False)
    """How many tries in a row have failed."""
    last_error = models.CharField(max_length=500, blank=True, default="", editable=False)
    """Why the last try failed; empty if it didn't."""

    objects = AlertChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert channel")
        verbose_name_plural = _("alert channels")
        ordering = ("name",)

    def __str__(self) -> str:
        return visible(self.name)

    def clean(self) -> None:
        """Check that messages of its kind can be sent to its target. Raises ValidationError."""
        super().clean()
        if (sender := senders().get(self.kind)) is None:
            message = _("Apprise isn't installed. Run: pip install apprise")
            raise ValidationError({"kind": message})
        if self.target:
            try:
                sender.check_target(self.target)
            except ValidationError as error:
                raise ValidationError({"target": error}) from None
        if self.key:
            if self.kind != Kind.WEBHOOK:
                raise ValidationError({"key": _("Only messages to webhooks are signed.")})
            try:
                check_key(self.key)
            except ValidationError as error:
                raise ValidationError({"key": error}) from None

    def wants(self, event: Event, group: str) -> bool:
        """Whether it is told of an event of a job in this group."""
        events, groups = self.told_events, self.told_groups
        is_event = event == Event.TEST or not events or event in events
        return is_event and (not groups or group in groups)

    @property
    def told_events(self) -> list[str]:
        """The events that it is limited to; empty: it isn't."""
        return _words(self.events)

    @property
    def told_groups(self) -> list[str]:
        """The groups that it is limited to; empty: it isn't."""
        return _words(self.groups)

    @property
    def hint(self) -> str:
        """What those may see of the target who may change it."""
        sender = senders().get(self.kind)
        return sender.hint(self.target) if sender else "…"


class State(models.TextChoices):
    """What has become of an alert."""

    WAITING = "waiting", pgettext_lazy("an alert", "waiting")
    SENT = "sent", pgettext_lazy("an alert", "sent")
    NOT_SENT = "not_sent", pgettext_lazy("an alert", "not sent")


WAITS_SINCE = Coalesce("sent_again_at", "created_at")
"""When an alert was written, or was to be sent again."""


class AlertQuerySet(PrimaryQuerySet["Alert"]):
    """Queries about alerts."""

    def waiting(self) -> Self:
        """Those that are still to be sent, oldest first."""
        return self.filter(state=State.WAITING).order_by("pk")


class Alert(models.Model):
    """One event of one job, for one channel. It is written with what it tells of."""

    Event = Event
    State = State

    channel = models.ForeignKey(
        AlertChannel,
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,
        # Else a channel that is deleted meanwhile would undo the transaction that writes an alert.
        db_constraint=False,
        verbose_name=_("channel"),
    )
    channel_name = models.CharField(_("channel"), max_length=100)
    """As it was then."""
    event = models.CharField(_("event"), max_length=16, choices=Event.choices)
    recovered_from = models.CharField(max_length=16, blank=True, default="")
    """For `recovered`: the event that began what is over."""
    is_reminder = models.BooleanField(_("reminder"), default=False)
    job_id = models.CharField(_("job id"), max_length=255, blank=True)
    job_name = models.CharField(_("job"), max_length=255, blank=True)
    group = models.CharField(_("group"), max_length=100, blank=True)
    execution_id = models.BigIntegerField(_("run"), null=True)
    since = models.DateTimeField(_("since"), null=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("happened"))
    sent_again_at = models.DateTimeField(null=True)
    """When somebody had it sent again after it was given up."""
    state = models.CharField(
        _("state"), max_length=16, choices=State.choices, default=State.WAITING
    )
    message = models.UUIDField(_("message"), null=True)
    """The message that it is part of, once that has been made up. Each try sends the same one."""
    tries = models.PositiveIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    """Why the last try failed."""

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["channel", "id"],
                condition=models.Q(state="waiting"),
                name="countjobs_alerts_waiting",
            ),
            models.Index(fields=["channel", "-id"], name="countjobs_alerts_of_channel"),
            models.Index(fields=["job_id", "-id"], name="countjobs_alerts_of_job"),
            models.Index(fields=["created_at"], name="countjobs_alerts_by_age"),
            models.Index(fields=["message"], name="countjobs_alerts_message"),
        ]

    def __str__(self) -> str:
        return f"{visible(self.job_name or self.channel_name)} · {self.get_event_display()}"
