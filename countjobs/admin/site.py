"""What the app does to the admin site itself."""

from __future__ import annotations

from django.contrib import admin
from django_apscheduler import admin as _registers  # noqa: F401  # whatever INSTALLED_APPS' order
from django_apscheduler.models import DjangoJob, DjangoJobExecution


def take_off_foreign_pages(site: admin.AdminSite) -> None:
    """Take django-apscheduler's pages off the site.

    One runs jobs inside the web process; the other shows a history that isn't kept here. Its admin
    module is imported above, so that Django's discovery can't bring them back.
    """
    for model in (DjangoJob, DjangoJobExecution):
        if site.is_registered(model):
            site.unregister(model)


def set_index(site: admin.AdminSite) -> None:
    """Show the banner on the site's first page, unless the project has set a template of its own.

    Ours extends `admin/index.html`, so a project's template of that name still has its effect.
    """
    if site.index_template is None:
        site.index_template = "admin/countjobs/index.html"
