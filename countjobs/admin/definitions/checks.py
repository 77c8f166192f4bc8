"""A system check of the definitions' admin: no field takes the name of a column."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.checks import ModelAdminChecks
from django.core.checks import CheckMessage, Error

from countjobs.admin.definitions.fieldsets import FIRE_TIMES, RUNS, TOLD
from countjobs.admin.definitions.form import CRONTAB


class DefinitionAdminChecks(ModelAdminChecks):
    """Django's checks, and that no field has the name of a column of ours."""

    def check(self, admin_obj: Any, **kwargs: Any) -> list[CheckMessage]:
        """The messages."""
        names = {field.name for field in admin_obj.opts.get_fields()}
        taken = sorted(names & {*TOLD, *RUNS, FIRE_TIMES, CRONTAB})
        found: list[CheckMessage] = super().check(admin_obj, **kwargs)
        if taken:
            found.append(
                Error(
                    f"Fields of this kind have the names of other parts of the definition's"
                    f" page: {', '.join(taken)}.",
                    hint="Give the field another name.",
                    obj=admin_obj.model,
                    id="countjobs.E008",
                )
            )
        return found
