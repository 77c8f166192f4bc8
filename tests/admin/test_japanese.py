"""The pages in Japanese: no English is left in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import override

from countjobs.admin.banner.alerts import Alerts
from countjobs.admin.banner.no_room import NoRoom
from countjobs.admin.executions.pagination import BoundedPaginator
from countjobs.models import CountJob, Execution, ParkedJob
from countjobs.models.executions import Status, Trigger
from countjobs.models.nodes import State
from tests.support.definition_form import form_values
from tests.support.factories import NOON, SECOND, make_definition, make_execution, make_node
from tests.support.watches import pause_itself, silence
from tests.support.words import english_in, texts_of

pytestmark = pytest.mark.django_db

LIST = "/admin/countjobs/countjob/"
ADD = f"{LIST}add/"
EXECUTIONS = "/admin/countjobs/execution/"
RUNNING = f"{EXECUTIONS}running/"
NODES = "/admin/countjobs/schedulernode/"
PARKED = "/admin/countjobs/parkedjob/"

REFUSED: list[dict[str, str]] = [
    dict.fromkeys(("name", "timezone", "max_instances", "count"), ""),
    {"year": "1960", "month": "13", "day": "32", "week": "*/0", "hour": "17-9"},
    {"minute": "5,", "second": "-5", "day_of_week": "mon/2", "timezone": "火星"},
    {"jitter": "-1", "misfire_grace_time": "0", "count": "1000001", "messages": "[1]"},
    {"messages": '{"一": 1}'},
    {"messages": '{"一": "1", "一": "2"}'},
    {"start_date": "2030-01-01 00:00:00", "end_date": "2029-01-01 00:00:00"},
    {"start_date": "1960-01-01 00:00:00"},
    {"month": "2", "day": "30"},
    {"year": "1999"},
    {"name": "集\u200b計"},
    {"overlap": "replace", "time_limit": "0", "retries": "101", "retry_backoff": "0.5"},
    {"pause_after": "0", "most_silence": "x", "keep_days": "0"},
]
"""Forms that are refused: what is filled in, beside what is right."""


@pytest.fixture
def client() -> Iterator[Client]:
    """Of a person who may do everything with what is ours, and sees nothing else."""
    user = User.objects.create_user("山田", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="countjobs"))
    client = Client()
    client.force_login(user)
    with override_settings(LANGUAGE_CODE="ja"):
        yield client


@pytest.fixture
def definition() -> CountJob:
    return make_definition("集計")


def japanese(response: Any) -> str:
    """The page, once nothing in it is English."""
    page: str = response.content.decode()
    assert response.status_code == 200
    assert english_in(page) == []
    return page


def post_action(client: Client, name: str, *definitions: CountJob) -> str:
    posted = {"action": name, "_selected_action": [each.pk for each in definitions]}
    return japanese(client.post(LIST, posted, follow=True))


def test_english_would_be_found() -> None:
    page = """<p title="Hello">今日は</p><button data-failed="It failed." data-x="name day">実行
    </button><pre>in code</pre><p>例: {"one": "count"} crontab, <b>Stop</b></p>"""
    assert english_in(page) == ["Hello", "It failed.", "Stop"]
    assert "今日は" in texts_of(page)


@pytest.mark.parametrize("url", ["/admin/", "/admin/countjobs/", LIST, ADD, EXECUTIONS, NODES])
def test_a_page_without_a_row(url: str, client: Client) -> None:
    assert "稼働中のスケジューラーがありません。" in japanese(client.get(url))


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_the_pages_of_a_definition(page: str, client: Client, definition: CountJob) -> None:
    make_execution(job_id=definition.job_id, started_at=NOON + SECOND)
    japanese(client.get(reverse(f"admin:countjobs_countjob_{page}", args=[definition.pk])))


def test_the_list_of_definitions(client: Client, definition: CountJob) -> None:
    make_execution(Status.TIMED_OUT, job_id=definition.job_id)
    make_definition("停止", enabled=False, due=None)
    make_definition("終わり", due=None)
    CountJob.objects.filter(name="終わり").update(end_date=NOON)
    page = japanese(client.get(LIST))
    for words in ("タイムアウト", "一時停止中", "終了"):
        assert words in page


def test_what_is_broken(client: Client, definition: CountJob) -> None:
    CountJob.objects.update(timezone="火星")
    ParkedJob.objects.update(error="誤り")  # it is kept in the language of the one who wrote it
    for url in (LIST, PARKED):
        assert "次のジョブは異常があり、実行されません" in japanese(client.get(url))
    japanese(client.get(reverse("admin:countjobs_parkedjob_change", args=[definition.job_id])))
    change = client.get(f"{LIST}{definition.pk}/change/")
    assert "タイムゾーン: タイムゾーン「火星」はありません。" in japanese(change)


def test_the_banner() -> None:
    alerts = Alerts(
        no_scheduler=True,
        no_room=NoRoom(is_so=True, runs=(SafeString("集計"),), more_url="/"),
        cannot_claim="誤り",
        unknown_kinds=("集計",),
        foreign=2,
        cannot_look=True,
    )
    with override("ja"):
        page = render_to_string("admin/countjobs/banner.html", {"alerts": alerts})
    assert english_in(page) == []
    assert "他のプログラムが書き込んだ行、または別の鍵で署名された行が 2 行あります。" in page


def test_a_search_of_many_words(client: Client) -> None:
    words = " ".join(map(str, range(99)))
    assert "語だけを検索しています。" in japanese(client.get(LIST, {"q": words}))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("run_now", "2 件の実行を依頼しました"),
        ("pause", "2 件の定義を一時停止しました。"),
        ("resume", "0 件の定義を再開しました。"),
        ("delete_selected", "削除"),
    ],
)
def test_the_actions(name: str, words: str, client: Client, definition: CountJob) -> None:
    assert words in post_action(client, name, definition, make_definition("通知"))
    japanese(client.get(f"{LIST}{definition.pk}/history/"))


@pytest.mark.parametrize("fields", [{}, {"enabled": False}, {"year": "2090"}])
def test_saving(fields: dict[str, Any], client: Client) -> None:
    posted = form_values({"name": "集計", **fields})
    if fields.get("enabled") is False:
        del posted["enabled"]
    assert "実行" in japanese(client.post(ADD, posted, follow=True))
    posted["name"] = "集計二"
    change = reverse("admin:countjobs_countjob_change", args=[CountJob.objects.get().pk])
    japanese(client.post(change, posted, follow=True))
    japanese(client.get(change.replace("change", "history")))


@pytest.mark.parametrize("fields", REFUSED, ids=" ".join)
def test_a_form_that_is_refused(fields: dict[str, str], client: Client) -> None:
    page = japanese(client.post(ADD, form_values({"name": "集計", **fields})))
    assert "errornote" in page


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"hour": "25", "timezone": "火星"},
        {"year": "1999"},
        {"time_limit": "9", "retries": "3", "retry_delay": "999999"},
    ],
)
def test_the_preview(fields: dict[str, str], client: Client) -> None:
    japanese(client.post(f"{ADD.replace('add/', '')}preview/", form_values(fields)))


def test_the_history(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, status in enumerate(Status):
        begun = NOON + number * SECOND / 3
        took = timedelta(seconds=0.004) * 11**number
        trigger = list(Trigger)[number % 4]
        make_execution(
            status,
            job_id=str(number),
            job_name="集計",
            trigger=trigger,
            started_at=begun,
            finished_at=begun + took,
            folded=number,
        )
    monkeypatch.setattr(BoundedPaginator, "most", 4)
    assert "最新の 4 件の実行だけを表示しています。" in japanese(client.get(EXECUTIONS))
    japanese(client.get(f"{EXECUTIONS}?job_id=1&status__exact=failed&since=day&trigger__exact=api"))


@pytest.mark.parametrize("status", Status)
def test_an_execution(status: Status, client: Client) -> None:
    execution = make_execution(
        status,
        job_name="集計",
        job_id="0",
        output="output",
        error="誤り",  # it is kept in the language of the one who wrote it
        traceback="traceback",
        parameters={"count": 1},
        requested_by="山田",
        node="一号",
        attempt=2,
    )
    page = japanese(client.get(reverse("admin:countjobs_execution_change", args=[execution.pk])))
    assert "開始日時" in page, "a scheduler's start has another word"


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("age", [timedelta(), timedelta(days=1, minutes=2)])
def test_the_schedulers(state: State, age: timedelta, client: Client) -> None:
    node = make_node(timezone.now() - age, host="一号", state=state, uuid=UUID(int=7))
    assert "前" in japanese(client.get(NODES))
    japanese(client.get(reverse("admin:countjobs_schedulernode_change", args=[node.pk])))


@pytest.mark.parametrize("has_rows", [False, True])
def test_the_overview(has_rows: bool, client: Client) -> None:
    if has_rows:
        now = timezone.now()
        make_definition("集計", due=now)
        make_node(now, host="一号")
        for status in Status:
            ran = {"scheduled_at": now - SECOND, "started_at": now}
            make_execution(status, job_name="集計", job_id=str(status), **ran)
    japanese(client.get(reverse("admin:countjobs_overview")))


def test_a_silent_job_and_one_that_paused_itself(client: Client, definition: CountJob) -> None:
    silence(definition)
    paused = make_definition("停止")
    pause_itself(paused)
    make_execution(Status.FAILED, job_id=paused.job_id, started_at=NOON)
    for url in (LIST, reverse("admin:countjobs_overview")):
        page = japanese(client.get(url))
        assert "成功が途絶えているジョブ:" in page
        assert "カウントジョブ 1 件</a>。" in page
    assert "から成功なし。" in japanese(client.get(f"{LIST}{definition.pk}/change/"))
    for name in ("change", "history"):
        url = reverse(f"admin:countjobs_countjob_{name}", args=[paused.pk])
        assert "、連続失敗 3 回。" in japanese(client.get(url))


def test_a_chain_of_attempts(client: Client) -> None:
    definition = make_definition("集計", retries=3)
    chain: dict[str, Any] = {"job_id": definition.job_id, "job_name": "集計"}
    soon = timezone.now() + timedelta(minutes=2)
    first = make_execution(Status.FAILED, **chain, started_at=NOON, finished_at=NOON)
    chain |= {"first_attempt": first.pk, "attempt": 2, "trigger": Trigger.RETRY}
    second = make_execution(Status.QUEUED, **chain, not_before=soon)
    Execution.objects.filter(pk=first.pk).update(next_attempt=second.pk)
    for pk, words in ((first.pk, "この試行: 1 / 4 回目。"), (second.pk, "この試行は")):
        url = reverse("admin:countjobs_execution_change", args=[pk])
        assert words in japanese(client.get(url))
    for url in (EXECUTIONS, RUNNING):
        assert "2 / 4 回目" in japanese(client.get(url))


def test_runs_that_are_to_stop(client: Client, definition: CountJob) -> None:
    run = {"job_id": definition.job_id, "job_name": "集計", "started_at": NOON}
    runs = [make_execution(Status.RUNNING, **run), make_execution(Status.QUEUED, **run)]
    make_execution(Status.SUCCEEDED, **run)
    for words in ("実行に停止を指示しました。", "すでに停止を指示しています。"):
        pressed = {"run": [each.pk for each in runs]}
        page = japanese(client.post(f"{RUNNING}cancel/", pressed, follow=True))
        assert words in page
    page = japanese(client.get(reverse("admin:countjobs_execution_change", args=[runs[0].pk])))
    assert "に停止を指示しました。まだ終了していません。" in page
    posted = {"action": "cancel", "_selected_action": [each.pk for each in runs]}
    assert "すでに終了していました。" in japanese(client.post(EXECUTIONS, posted, follow=True))


def test_the_import(client: Client) -> None:
    url = f"{LIST}import/"
    japanese(client.get(url))
    japanese(client.post(url, {"text": ""}))


def test_run_now_with_parameters(client: Client, definition: CountJob) -> None:
    url = f"{LIST}{definition.pk}/run/"
    japanese(client.get(url))
    japanese(client.post(url, {"count": "-1"}))
