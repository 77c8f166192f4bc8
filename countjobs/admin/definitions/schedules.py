"""What the pages of definitions tell of a schedule, and how they take one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.actions import DefinitionActions
from countjobs.admin.definitions.facts import facts_of
from countjobs.admin.definitions.form import CRONTAB, AnyModelForm, DefinitionForm, filled_words
from countjobs.admin.definitions.preview.meaning import SENT, preview_of
from countjobs.admin.definitions.preview.views import ScheduleViews
from countjobs.models import JobDefinition
from countjobs.triggers import CRON_DEFAULTS, CronFieldError
from countjobs.triggers.sentences import sentence
from countjobs.triggers.warnings import schedule_warnings


class SchedulePages(DefinitionActions):
    """The schedule in words, its next fire times, and a form that a crontab line fills.

    Fieldsets of your own may name `crontab_line` and `fire_times`, too.
    """

    form: type[AnyModelForm] = DefinitionForm

    @admin.display(description=_("schedule"))
    def schedule(self, definition: JobDefinition) -> SafeString:
        """The schedule in words, with all eight fields in the title."""
        cron = definition.cron
        title = "\n".join(f"{self._label(name)}: {cron[name]}" for name in cron)
        try:
            look, words = "schedule", _in_words(get_language(), *cron.values())
        except CronFieldError:  # beside it is shown as broken
            look, words = "cron", " ".join(cron.values())
        return format_html('<span class="countjobs-{}" title="{}">{}</span>', look, title, words)

    def _label(self, name: str) -> str:
        return str(self.opts.get_field(name).verbose_name)  # type: ignore[union-attr]  # no relation

    @admin.display(description=_("next fire times"))
    def fire_times(self, definition: JobDefinition) -> SafeString:
        """The preview, which a script renews while the form is filled in."""
        preview = preview_of(definition, timezone.now(), timezone.get_current_timezone())
        context = {"content": preview.render(), "fields": " ".join((*CRON_DEFAULTS, *SENT))}
        return render_to_string("countjobs/preview_panel.html", context)

    def may_paste(self, request: HttpRequest, definition: JobDefinition | None) -> bool:
        """Whether a form has the input for a crontab line: it does, if it has inputs at all."""
        may_edit = definition is None or self.has_change_permission(request, definition)
        return may_edit and CRONTAB in self.form.base_fields

    def get_urls(self) -> list[URLPattern]:
        """As Django's, and those that the form's scripts ask."""
        return [*ScheduleViews(self).urls(), *super().get_urls()]

    def announce(self, request: HttpRequest, definition: JobDefinition) -> None:
        """Tell when a definition runs next, or why it won't; and what to mind in its schedule."""
        self.show_page(request, [definition])
        facts = facts_of(definition)
        level, text = facts.announcement()
        self.message_user(request, text, level)
        if facts.enabled and not facts.error:
            for warning in schedule_warnings(definition.trigger(), timezone.now()):
                self.message_user(request, warning, messages.WARNING)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """As Django's; what a crontab line has filled in is to be looked at."""
        if filled := getattr(context["adminform"].form, "filled", None):
            self.message_user(request, filled_words(filled), messages.WARNING)
        return super().render_change_form(request, context, *args, **kwargs)


@lru_cache(maxsize=1_000)
def _in_words(language: str | None, *expressions: str) -> str:
    """The sentence of eight expressions, in the active language. A list has many that are alike."""
    return sentence(dict(zip(CRON_DEFAULTS, expressions, strict=True)))
