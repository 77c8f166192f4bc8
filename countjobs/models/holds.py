"""The hold: while its row is there, no scheduler claims anything."""

from __future__ import annotations

from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import PrimaryQuerySet
from countjobs.text import validate_text

MOST_REASON = 2_000
"""How many characters a reason may have."""


class HoldQuerySet(PrimaryQuerySet["Hold"]):
    """Queries about the hold."""


class Hold(models.Model):
    """All jobs are held: why, by whom, and since when. There is one row at most."""

    ONLY = 1
    """The key of the row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    reason = models.TextField(
        _("reason"),
        max_length=MOST_REASON,
        validators=[MaxLengthValidator(MOST_REASON), validate_text],
    )
    held_by = models.CharField(
        _("held by"), max_length=255, blank=True, default="", validators=[validate_text]
    )
    held_at = models.DateTimeField(_("held since"))

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold of all jobs")
        verbose_name_plural = _("holds of all jobs")
        default_permissions = ()
        permissions = [("hold_jobs", _("Can hold and release all jobs"))]
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="countjobs_one_hold"),
        ]

    def __str__(self) -> str:
        return self.reason


NOT_HELD = ~models.Exists(Hold.objects.all())
"""A condition for what schedulers claim. The database looks once a query, not once a row."""
