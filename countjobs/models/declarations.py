"""What code declares for definitions, as it was last synced."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import PrimaryQuerySet
from countjobs.models.fields import OrderedJSONField
from countjobs.models.functionjob import FunctionJob


class DeclarationQuerySet(PrimaryQuerySet["Declaration"]):
    """Queries about declarations."""


class Declaration(models.Model):
    """A schedule that code declares, and the definition that was made for it."""

    name = models.CharField(max_length=200, primary_key=True)
    """The name in code. A person may rename the definition."""
    definition = models.OneToOneField(
        FunctionJob, on_delete=models.CASCADE, related_name="declaration"
    )
    values = OrderedJSONField(default=dict)
    """The fields that code declared, as JSON, when it was last synced."""
    gone_at = models.DateTimeField(null=True)
    """Since when code no longer declares it; null if it does."""

    objects = DeclarationQuerySet.as_manager()

    class Meta:
        verbose_name = _("declaration")
        verbose_name_plural = _("declarations")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
