"""How far a run has got, shown as a bar and in words."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from countjobs.models import Execution
from countjobs.models.executions import Status


def progress(execution: Execution) -> SafeString | str:
    """How far a run has got, if its job says so and it has not succeeded: a bar, and words."""
    done, total = execution.progress_done, execution.progress_total
    if done is None or execution.status == Status.SUCCEEDED:
        return ""
    if not total:
        return format_html(
            "<span>{}</span>", gettext("%s done") % number_format(done, force_grouping=True)
        )
    figures = {
        "done": number_format(done, force_grouping=True),
        "total": number_format(total, force_grouping=True),
        "percent": 100 * done // total,
    }
    return format_html(
        '<label for="countjobs-progress-{0}">{1}</label> '
        '<progress id="countjobs-progress-{0}" max="{2}" value="{3}"></progress>',
        execution.pk,
        gettext("%(done)s of %(total)s (%(percent)d %%)") % figures,
        total,
        done,
    )
