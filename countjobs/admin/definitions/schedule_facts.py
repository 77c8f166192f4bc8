"""What the pages of definitions tell of a schedule."""

from __future__ import annotations

from functools import lru_cache

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from countjobs.admin.definitions.preview.meaning import SENT, preview_of
from countjobs.models import JobDefinition
from countjobs.triggers import CRON_DEFAULTS, CronFieldError
from countjobs.triggers.sentences import sentence


def in_words(definition: JobDefinition) -> SafeString:
    """The schedule in words, with all eight fields in the title."""
    cron = definition.cron
    title = "\n".join(f"{_label(definition, name)}: {cron[name]}" for name in cron)
    try:
        look, words = "schedule", _sentence(get_language(), *cron.values())
    except CronFieldError:  # beside it is shown as broken
        look, words = "cron", " ".join(cron.values())
    return format_html('<span class="countjobs-{}" title="{}">{}</span>', look, title, words)


def _label(definition: JobDefinition, name: str) -> str:
    return str(definition._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # no relation


@lru_cache(maxsize=1_000)
def _sentence(language: str | None, *expressions: str) -> str:
    """The sentence of eight expressions, in the active language. A list has many that are alike."""
    return sentence(dict(zip(CRON_DEFAULTS, expressions, strict=True)))


def fire_times(definition: JobDefinition) -> SafeString:
    """The preview, which a script renews while the form is filled in."""
    preview = preview_of(definition, timezone.now(), timezone.get_current_timezone())
    context = {"content": preview.render(), "fields": " ".join((*CRON_DEFAULTS, *SENT))}
    return render_to_string("admin/countjobs/definitions/preview_panel.html", context)
