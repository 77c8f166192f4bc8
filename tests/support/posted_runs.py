"""The form of a run by hand, as it is posted."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from countjobs.models import JobDefinition

MESSAGES = {"one": "one count.", "two": "two count."}


def run_url(definition: JobDefinition) -> str:
    name = definition._meta.model_name
    return reverse(f"admin:{definition._meta.app_label}_{name}_run", args=[definition.pk])


def as_shown(**changed: Any) -> dict[str, Any]:
    """What the page of `definition` posts, where nothing else was changed."""
    keys, texts = zip(*MESSAGES.items(), strict=True)
    return {"messages_key": keys, "messages_text": texts, "count": "3"} | changed
