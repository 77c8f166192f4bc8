"""Which fields of a kind a file carries for a user."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from countjobs.transfer.format import Fields, fields_of


def carried_fields(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> Fields:
    """Those of this user's form, the name, and `enabled`.

    The last two are visible to everybody who may export.
    """
    return fields_of(model_admin.model, model_admin.get_form(request).base_fields)
