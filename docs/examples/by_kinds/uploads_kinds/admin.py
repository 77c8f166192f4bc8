from django.contrib import admin

from by_kinds.uploads_kinds.models import UploadCheck, UploadImport, UploadPacking
from countjobs.admin import JobDefinitionAdmin

admin.site.register([UploadCheck, UploadImport, UploadPacking], JobDefinitionAdmin)
