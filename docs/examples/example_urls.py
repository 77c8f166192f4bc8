"""Addresses of the example with uploads, written in both ways, and of the admin."""

from django.contrib import admin
from django.urls import path

from by_kinds.uploads_kinds import views as views_of_kinds
from uploads import views

urlpatterns = [
    path("upload/", views.upload),
    path("upload-by-kinds/", views_of_kinds.upload),
    path("admin/", admin.site.urls),
]
