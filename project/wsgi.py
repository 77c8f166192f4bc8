"""The entry point of WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

from project.bad_requests import utf8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = utf8_only(get_wsgi_application())
