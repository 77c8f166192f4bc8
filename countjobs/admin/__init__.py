"""The admin's pages. `JobDefinitionAdmin` is for the pages of your own kinds of definition."""

from django.contrib import admin

from countjobs.admin import broken, executions, schedulers, site
from countjobs.admin.definitions.admin import JobDefinitionAdmin
from countjobs.admin.functions.admin import CommandJobAdmin, FunctionJobAdmin

site.take_off_foreign_pages(admin.site)
site.set_index(admin.site)

__all__ = [
    "CommandJobAdmin",
    "FunctionJobAdmin",
    "JobDefinitionAdmin",
    "broken",
    "executions",
    "schedulers",
]
