from django.core.management import call_command
from django.db import models

from countjobs.api import JobDefinition


class LinkCheck(JobDefinition):
    timeout = models.PositiveIntegerField(default=10)
    skip = models.CharField(max_length=200, blank=True, help_text="Hosts to leave out.")
    fail = models.BooleanField(default=False, help_text="Fail if a link is broken.")

    def run(self) -> None:
        call_command("checklinks", timeout=self.timeout, skip=self.skip.split(), fail=self.fail)


class OldDrafts(JobDefinition):
    days = models.PositiveIntegerField(default=90)
    dry_run = models.BooleanField(default=False)

    class Meta(JobDefinition.Meta):
        verbose_name_plural = "old drafts"

    def run(self) -> None:
        call_command("deletedrafts", days=self.days, dry_run=self.dry_run)


class FeedImport(JobDefinition):
    urls = models.TextField()
    most = models.PositiveIntegerField(default=20, help_text="How many news of each.")

    def run(self) -> None:
        call_command("importfeed", *self.urls.split(), most=self.most)


class Newsletter(JobDefinition):
    subject = models.CharField(max_length=200, default="News")
    to = models.EmailField(default="readers@example.com")

    def run(self) -> None:
        call_command("mailnewsletter", subject=self.subject, to=self.to)


class Sitemap(JobDefinition):
    file = models.CharField(max_length=200)
    compress = models.BooleanField(default=False)

    def run(self) -> None:
        call_command("makesitemap", self.file, compress=self.compress)


class IndexUpdate(JobDefinition):
    hours = models.PositiveIntegerField(default=1, help_text="Pages that changed since.")
    rebuild = models.BooleanField(default=False)

    def run(self) -> None:
        call_command("updateindex", hours=self.hours, rebuild=self.rebuild)


class CacheWarming(JobDefinition):
    pages = models.PositiveIntegerField(default=100, help_text="How many pages.")
    language = models.CharField(max_length=2, choices=[("en", "en"), ("ja", "ja")], default="en")

    def run(self) -> None:
        call_command("warmcache", pages=self.pages, language=self.language)
