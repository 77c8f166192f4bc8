"""Three admin sites at once, as URLs: Django's, one of everything, and a small one."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.urls import path

from countjobs.admin import JobDefinitionAdmin
from countjobs.admin.broken import ParkedJobAdmin
from countjobs.admin.executions.admin import ExecutionAdmin
from countjobs.admin.schedulers import SchedulerNodeAdmin
from countjobs.models import CountJob, Execution, ParkedJob, SchedulerNode

ops = admin.AdminSite(name="ops")
ops.register(CountJob, JobDefinitionAdmin)
ops.register(Execution, ExecutionAdmin)
ops.register(SchedulerNode, SchedulerNodeAdmin)
ops.register(ParkedJob, ParkedJobAdmin)
ops.register(User, UserAdmin)

small = admin.AdminSite(name="small")
"""It has no pages of runs, schedulers or broken jobs."""
small.register(CountJob, JobDefinitionAdmin)

namesake = admin.AdminSite()
"""It is called as Django's own, in whose place it may be."""
namesake.register(CountJob, JobDefinitionAdmin)
namesake.register(Execution, ExecutionAdmin)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("backstage/ops/", ops.urls),
    path("small/", small.urls),
]
