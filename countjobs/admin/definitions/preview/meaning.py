"""What a schedule means, before it is saved and after: a sentence, and the next runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from countjobs.admin.definitions.form import say_when
from countjobs.admin.definitions.preview.posted import schedule_problems
from countjobs.admin.definitions.rule_warnings import NEEDED, rule_warnings
from countjobs.admin.definitions.schedule_words import counted_words
from countjobs.admin.display import moment, soon
from countjobs.models import JobDefinition
from countjobs.models.schedule_fields import SCHEDULE, ScheduleType, lacking
from countjobs.text import describe
from countjobs.triggers import zone_names
from countjobs.triggers.upcoming import upcoming
from countjobs.triggers.warnings import schedule_warnings

COUNT = 10

SENT = ("name", "enabled", *SCHEDULE, *NEEDED)
"""What a preview depends on."""


@dataclass(frozen=True)
class Preview:
    """What there is to show. For an invalid schedule that is only the errors."""

    sentence: str = ""
    is_enabled: bool = True
    zones: list[str] = field(default_factory=list)
    """The zones in which the fire times are shown."""
    rows: list[list[str]] = field(default_factory=list)
    """One for each fire time: in every zone, and how soon it is."""
    ends: bool = False
    """Whether these are the last fire times."""
    warnings: list[str] = field(default_factory=list)
    """What is worth a second look, though nothing is wrong."""
    errors: list[str] = field(default_factory=list)

    def render(self) -> SafeString:
        """As HTML."""
        return render_to_string("admin/countjobs/definitions/preview.html", {"preview": self})


def preview_of(definition: JobDefinition, now: datetime, viewer: tzinfo) -> Preview:
    """The preview of a definition, whether it is enabled or not; its fields may be anything."""
    if lacks := _lacks(definition):
        return Preview(sentence=lacks)
    is_begun = not definition.count_from(now)
    try:
        trigger = definition.trigger()
        said = counted_words(definition, is_begun=is_begun)
        warnings = schedule_warnings(trigger, now)
        fires = list(upcoming(trigger, now, COUNT))
    except (ValueError, TypeError, OverflowError) as error:  # nobody has validated it
        return Preview(errors=schedule_problems(definition) or [describe(error)])
    zones = _zones(trigger.timezone, viewer, fires)
    return Preview(
        sentence=said,
        is_enabled=definition.enabled,
        zones=[str(zone) for zone in zones],
        rows=list(_rows(fires, zones, now)),
        ends=len(fires) < COUNT,
        warnings=[*warnings, *rule_warnings(definition, fires)],
    )


def _lacks(definition: JobDefinition) -> str:
    """What has yet to be filled in, in a sentence."""
    if definition.schedule_type != ScheduleType.CRON:
        return " ".join(str(error.message) for error in lacking(definition).values())
    is_blank = definition._state.adding and not any(definition.cron.values())
    return say_when() if is_blank else ""


def viewer_zone(name: str) -> tzinfo:
    """The browser's zone; the site's, if there is no zone of that name."""
    return ZoneInfo(name) if name in zone_names() else timezone.get_current_timezone()


def _zones(own: tzinfo, viewer: tzinfo, fires: list[datetime]) -> list[tzinfo]:
    """The job's zone, and the viewer's if its clock shows another time."""
    differs = any(fire.astimezone(viewer).utcoffset() != fire.utcoffset() for fire in fires)
    return [own, viewer] if differs else [own]


def _rows(fires: list[datetime], zones: list[tzinfo], now: datetime) -> Iterator[list[str]]:
    for fire in fires:
        yield [*(moment(fire, zone) for zone in zones), soon(fire - now)]


def panel(definition: JobDefinition) -> SafeString:
    """The preview, which a script renews while the form is filled in."""
    preview = preview_of(definition, timezone.now(), timezone.get_current_timezone())
    context = {"content": preview.render(), "fields": " ".join(SENT)}
    return render_to_string("admin/countjobs/definitions/preview_panel.html", context)
