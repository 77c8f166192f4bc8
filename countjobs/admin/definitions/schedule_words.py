"""The schedule of a definition in words."""

from __future__ import annotations

from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from countjobs.admin.display import NOTHING, moment_text
from countjobs.models import JobDefinition
from countjobs.models.schedule_fields import ScheduleType
from countjobs.models.validity import EPOCH
from countjobs.triggers import CRON_DEFAULTS
from countjobs.triggers.sentences import sentence
from countjobs.triggers.sentences.interval_words import interval_sentence, once_sentence
from countjobs.triggers.zones import load_zone


def schedule_words(definition: JobDefinition) -> str:
    """The schedule, in the active language. Raises ValueError if it can't be read."""
    if definition.schedule_type == ScheduleType.CRON:
        return _sentence(get_language(), *definition.cron.values())
    zone = load_zone(definition.timezone)
    if definition.schedule_type == ScheduleType.ONCE and definition.run_at:
        return once_sentence(definition.run_at.astimezone(zone))
    if definition.schedule_type == ScheduleType.INTERVAL and definition.every:
        first = definition.start_date or EPOCH
        return interval_sentence(definition.every, first.astimezone(zone))
    raise ValueError("The definition has no schedule.")


def counted_words(definition: JobDefinition, *, is_begun: bool) -> str:
    """The same, and where an interval is counted from: a moment, or when it is saved."""
    words = schedule_words(definition)
    if definition.schedule_type != ScheduleType.INTERVAL:
        return words
    if not is_begun:
        return _("%(words)s, counted from when it is saved") % {"words": words}
    start = moment_text(definition.start_date or EPOCH, load_zone(definition.timezone))
    return _("%(words)s, counted from %(start)s") % {"words": words, "start": start}


def in_words(definition: JobDefinition) -> SafeString:
    """The schedule in words, with the fields that make it in the title."""
    look = "schedule"
    try:
        words = schedule_words(definition)
    except (ValueError, TypeError, OverflowError):  # the next column says that it is broken
        given = (str(value) for value in _fields(definition).values() if value is not None)
        look, words = "cron", " ".join(given) or NOTHING
    return format_html(
        '<span class="countjobs-{}" title="{}">{}</span>', look, _title(definition), words
    )


def _title(definition: JobDefinition) -> str:
    return "\n".join(
        f"{_label(definition, name)}: {value}" for name, value in _fields(definition).items()
    )


def _fields(definition: JobDefinition) -> dict[str, object]:
    """The fields that make the schedule."""
    if definition.schedule_type == ScheduleType.CRON:
        return dict(definition.cron)
    names = (
        ("run_at",) if definition.schedule_type == ScheduleType.ONCE else ("every", "start_date")
    )
    return {name: getattr(definition, name) for name in names}


def _label(definition: JobDefinition, name: str) -> str:
    return str(definition._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # no relation


@lru_cache(maxsize=1_000)
def _sentence(language: str | None, *expressions: str) -> str:
    """The sentence for eight expressions, in the active language. Many rows of a list are alike."""
    return sentence(dict(zip(CRON_DEFAULTS, expressions, strict=True)))
