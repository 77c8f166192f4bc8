"""The definitions' form as it is posted, and the errors that it shows."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any, TypeVar

from django.test import Client

from countjobs.models import JobDefinition
from tests.support.admin_pages import change_url

Definition = TypeVar("Definition", bound=JobDefinition)
GOOD = {
    "name": "good",
    "enabled": "on",
    "minute": "*",
    "timezone": "UTC",
    "jitter": "0",
    "max_instances": "1",
    "executor": "default",
    "overlap": "skip",
    "coalesce": "on",
    "retries": "0",
    "retry_delay": "60",
    "retry_backoff": "2",
    "messages": '{"one": "one count."}',
    "count": "3",
}


def form_values(posted: dict[str, str]) -> dict[str, str]:
    values = {**GOOD, **posted}
    for name in ("start_date", "end_date"):
        date, _, time = values.pop(name, "").partition(" ")
        values |= {f"{name}_0": date, f"{name}_1": time}
    return values


def errors_shown_at(field: str, page: str) -> str:
    """The list of errors that stands at a field, or above the form."""
    at = r'class="errorlist nonfield"' if field == "__all__" else rf'id="id_{field}_error"'
    found = re.search(rf"<ul[^>]*{at}[^>]*>(.*?)</ul>", page, re.DOTALL)
    assert found, f"no errors are shown at {field}"
    return found[1]


def rows_shown(page: str) -> list[tuple[str, str]]:
    keys = re.findall(r'<input type="text" name="messages_key" value="([^"]*)"', page)
    texts = re.findall(r'<textarea name="messages_text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return [(unescape(key), unescape(text)) for key, text in zip(keys, texts, strict=True)]


def save(client: Client, definition: Definition, **typed: str) -> Definition:
    """The definition, after its page was saved with nothing else changed than what was typed."""
    url = change_url(definition)
    sent: dict[str, Any] = Browser(client.get(url).content.decode()).sent | typed
    response = client.post(url, sent | {"_continue": ""})
    errors = response.context and response.context["errors"]
    assert response.status_code == 302, (errors, sent)
    definition.refresh_from_db()
    return definition


class Browser(HTMLParser):
    """What a browser sends for a page's fields that nobody touched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._name = self._typed = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        name = has.get("name") or ""
        if tag in ("select", "textarea"):
            self._name, self._typed = name, ""
            self.sent.setdefault(name, [])
        elif tag == "option" and "selected" in has:
            self.sent[self._name].append(has["value"] or "")
        elif tag == "input" and name and has.get("type") != "submit":
            is_box = has.get("type") in ("checkbox", "radio")
            if not is_box or "checked" in has:
                value = has.get("value", "on" if is_box else "") or ""
                self.sent.setdefault(name, []).append(value)

    def handle_data(self, data: str) -> None:
        if self._name and self.lasttag == "textarea":
            self._typed += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            lines = self._typed.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
            self.sent[self._name].append(lines.replace("\n", "\r\n"))
            self._name = ""
