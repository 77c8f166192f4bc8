"""The entry point of ASGI servers."""

import os

from django.core.asgi import get_asgi_application

from project.bad_requests import utf8_only_async

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = utf8_only_async(get_asgi_application())
