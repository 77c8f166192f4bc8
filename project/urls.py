"""The admin, and what monitoring asks."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    # Browsers ask for it by themselves, whatever the page.
    path("favicon.ico", RedirectView.as_view(url=static("countjobs/icon.svg"))),
    path("", include("countjobs.urls")),  # health/ and metrics/
    path("", RedirectView.as_view(pattern_name="admin:index")),
]
