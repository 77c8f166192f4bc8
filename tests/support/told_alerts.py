"""What is wrong with what was told, by what receivers took, what alerts say, and the history."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from countjobs.alerts.events import Event
from countjobs.alerts.models import Alert, AlertChannel, State
from countjobs.models import Execution
from countjobs.models.executions import FAILURES, Status
from tests.support.accidents import Receipts, Taken
from tests.support.bad_receivers import HOOK, MAIL

_COUNT = re.compile(r"(\d+) jobs? (?:failed|recovered)")
MOST_FAULTS = 20


def faults(receipts: Receipts) -> list[str]:
    """All that is wrong, in sentences."""
    found = list(receipts.wrong)
    for channel in (HOOK, MAIL):
        alerts = list(Alert.objects.filter(channel__name=channel).order_by("pk"))
        taken = [each for each in receipts.taken if each.channel == channel]
        found += _faults_of_times(channel, alerts, taken)
        found += _faults_of_order(channel, alerts, taken)
        found += _faults_of_contents(channel, alerts, taken)
    found += _faults_of_changes()
    return found[:MOST_FAULTS]


def _faults_of_times(channel: str, alerts: list[Alert], taken: list[Taken]) -> Iterator[str]:
    """Each at least once, at most twice."""
    for alert in alerts:
        if alert.state != State.SENT:
            yield f"{channel}: alert {alert.pk} is {alert.state}: {alert.error}"
    told = Counter(each.id for each in taken)
    known = {str(alert.message) for alert in alerts}
    for id_ in known - told.keys():
        yield f"{channel}: message {id_} was never told"
    for id_, times in told.items():
        if times > 2:
            yield f"{channel}: message {id_} was told {times} times"
        if id_ not in known:
            yield f"{channel}: message {id_} is of no alert"


def _faults_of_order(channel: str, alerts: list[Alert], taken: list[Taken]) -> Iterator[str]:
    """What is told of a job comes in order."""
    told: dict[str, list[int]] = defaultdict(list)
    of_message: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        of_message[str(alert.message)].append(alert)
    for id_ in dict.fromkeys(each.id for each in taken):
        for alert in of_message[id_]:
            told[alert.job_id].append(alert.pk)
    for job_id, pks in told.items():
        if pks != sorted(pks):
            yield f"{channel}: of {job_id} it was told in this order: {pks}"


def _faults_of_contents(channel: str, alerts: list[Alert], taken: list[Taken]) -> Iterator[str]:
    """A message says all of its alerts, and each time the same."""
    of_message: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        of_message[str(alert.message)].append(alert)
    says = _says_in_json if channel == HOOK else _says_in_mail
    first: dict[str, bytes] = {}
    for each in taken:
        body = each.body if channel == HOOK else _text(each.body).encode()
        if first.setdefault(each.id, body) != body:
            yield f"{channel}: message {each.id} says something else the second time"
        elif not says(each.body, of_message[each.id]):
            yield f"{channel}: message {each.id} doesn't say what its alerts say"


def _says_in_json(body: bytes, alerts: list[Alert]) -> bool:
    said = [
        (each["event"], each["recovered_from"], each["job_id"], each["run"])
        for each in json.loads(body)["alerts"]
    ]
    return said == [
        (each.event, each.recovered_from or None, each.job_id, each.execution_id) for each in alerts
    ]


def _text(mail: bytes) -> str:
    message = email.message_from_bytes(mail, policy=email.policy.default)
    body = message.get_body(["plain"])
    return f"{message['Subject']}\n{body.get_content() if body else ''}"


def _says_in_mail(body: bytes, alerts: list[Alert]) -> bool:
    text = _text(body)
    subject = text.partition("\n")[0]
    if len(alerts) == 1:
        return alerts[0].job_name in subject
    jobs = {(each.event, each.job_id) for each in alerts}
    return sum(map(int, _COUNT.findall(subject))) == len(jobs)


def _faults_of_changes() -> Iterator[str]:
    """Each channel was to be told of each change in the history, and of nothing else."""
    changes = _changes()
    for channel in AlertChannel.objects.all():
        written: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for alert in channel.alert_set.order_by("pk"):
            written[alert.job_id].append((alert.event, alert.execution_id or 0))
        for job_id in sorted(written.keys() | changes.keys()):
            if written[job_id] != changes[job_id]:
                said = f"{written[job_id]}, and not {changes[job_id]}"
                yield f"{channel}: of {job_id} it is told {said}"


def _changes() -> dict[str, list[tuple[str, int]]]:
    """The runs with which each job began to fail or recovered."""
    changes: dict[str, list[tuple[str, int]]] = defaultdict(list)
    fails: dict[str, bool] = {}
    ends = Execution.objects.filter(status__in=[*FAILURES, Status.SUCCEEDED])
    for run in ends.order_by("scheduled_at", "pk"):
        is_failure = run.status != Status.SUCCEEDED
        if is_failure != fails.get(run.job_id, False):
            event = Event.FAILED if is_failure else Event.RECOVERED
            changes[run.job_id].append((event, run.pk))
        fails[run.job_id] = is_failure
    return changes
