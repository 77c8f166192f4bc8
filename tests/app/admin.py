from django.contrib import admin

from countjobs.admin import JobDefinitionAdmin
from tests.app.models import Greeting

admin.site.register(Greeting, JobDefinitionAdmin)
