from django.contrib import admin

from by_kinds.website_kinds import models
from countjobs.admin import JobDefinitionAdmin

admin.site.register(
    [
        models.CacheWarming,
        models.FeedImport,
        models.IndexUpdate,
        models.LinkCheck,
        models.Newsletter,
        models.OldDrafts,
        models.Sitemap,
    ],
    JobDefinitionAdmin,
)
