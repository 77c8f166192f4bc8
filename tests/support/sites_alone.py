"""A URL configuration in which a site of a project's own stands in the place of Django's."""

from __future__ import annotations

from django.urls import path

from tests.support.sites import namesake, small

urlpatterns = [path("mine/", namesake.urls), path("small/", small.urls)]
