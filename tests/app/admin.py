from django.contrib import admin

from countjobs.admin import JobDefinitionAdmin
from tests.app.models import Gate, Greeting, Label

admin.site.register([Gate, Greeting, Label], JobDefinitionAdmin)
