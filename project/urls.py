"""The admin is the whole site."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    # Browsers ask for it by themselves, whatever the page.
    path("favicon.ico", RedirectView.as_view(url=static("countjobs/icon.svg"))),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]
