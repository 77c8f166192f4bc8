"""What Django mails to the site's admins if saving a channel fails: no secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import Error
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils.log import AdminEmailHandler

from countjobs.alerts.models import AlertChannel

pytestmark = pytest.mark.django_db

URL = "/admin/countjobs_alerts/alertchannel/"
SECRETS = ("0ldtarget", "0ldkey", "n3wtarget", "n3wkey")
POSTED = {
    "name": "new",
    "enabled": "on",
    "kind": "webhook",
    "target": "https://example.com/n3wtarget",
    "key": "n3wkey",
    "groups": "",
}


class Reports(AdminEmailHandler):
    """Keeps the mails instead of sending them."""

    def __init__(self) -> None:
        super().__init__(include_html=True)
        self.texts: list[str] = []

    def send_mail(self, subject: Any, message: Any, *args: Any, **kwargs: Any) -> None:
        self.texts.append(f"{message}{kwargs['html_message']}")


@pytest.fixture
def reports() -> Iterator[Reports]:
    logger, handler = logging.getLogger("django.request"), Reports()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.mark.parametrize("is_new", [True, False])
def test_they_hold_neither_target_nor_key(
    is_new: bool, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = AlertChannel.objects.create(
        name="ops", kind="webhook", target="https://example.com/0ldtarget", key="0ldkey"
    )
    execute: Any = CursorWrapper.execute

    def fail(self: CursorWrapper, sql: str, params: Any = None) -> Any:
        if sql.startswith(("INSERT", "UPDATE")) and "alertchannel" in sql:
            raise Error("away")
        return execute(self, sql, params)

    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("admin"))
    monkeypatch.setattr(CursorWrapper, "execute", fail)
    path = f"{URL}add/" if is_new else f"{URL}{there.pk}/change/"
    assert client.post(path, POSTED).status_code == 500
    (told,) = reports.texts
    assert "away" in told
    assert [each for each in SECRETS if each in told] == []
