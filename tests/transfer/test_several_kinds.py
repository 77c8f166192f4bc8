"""One file of several kinds: what is exported from one site is the same on an empty one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_apscheduler.models import DjangoJob
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from countjobs.models import CommandJob, CountJob, FunctionJob, JobDefinition
from countjobs.transfer.dry_run import Plan, dry_run
from countjobs.transfer.entries import State
from countjobs.transfer.everything import kinds_by_label, parts_of, scope_of_everything
from countjobs.transfer.saving import NotAppliedError, Order, Why, apply
from countjobs.transfer.writing import written
from tests.app.models import Greeting, Team, TeamJob
from tests.support.factories import NOON
from tests.support.registering import mail, register
from tests.support.strategies import expressions
from tests.support.transfers import document, entry, problems

LATER = datetime(2090, 1, 1, 12, tzinfo=UTC)


def everything(group: str | None = None) -> str:
    return "".join(written(parts_of(kinds_by_label(), group)))


def plan(text: str) -> Plan:
    return dry_run(scope_of_everything(), text)


def imported(text: str, *, leave_out: bool = False) -> Plan:
    return apply(scope_of_everything(), Order(text), leave_out=leave_out)


def empty_the_site() -> None:
    for kind in kinds_by_label().values():
        kind._default_manager.all().delete()


schedules = st.one_of(
    st.fixed_dictionaries({"hour": expressions("hour"), "second": expressions("second")}),
    st.fixed_dictionaries(
        {
            "schedule_type": st.just("interval"),
            "every": st.integers(1, 10**6),
            "start_date": st.none() | st.datetimes(NOON.replace(tzinfo=None), timezones=st.just(UTC)),
        }
    ),
    st.fixed_dictionaries({"schedule_type": st.just("once"), "run_at": st.just(LATER)}),
)
