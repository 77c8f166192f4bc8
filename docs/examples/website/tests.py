from typing import Any

from django.core.exceptions import ValidationError
from django.test import TestCase

from by_kinds.website_kinds import models as kinds
from countjobs.api import CommandJob, Execution, JobDefinition
from countjobs.executors.here import run_here


def run_job(definition: JobDefinition) -> Execution:
    definition.full_clean()
    definition.save()
    return run_here(definition, requested_by="")


class WebsiteTests(TestCase):
    def test_each_command_runs_in_both_ways(self) -> None:
        jobs: list[tuple[str, str, type[JobDefinition], dict[str, Any], str]] = [
            ("warmcache", "--pages 5 --language ja", kinds.CacheWarming, WARM, "5 pages in ja"),
            ("checklinks", "--timeout 3", kinds.LinkCheck, {"timeout": 3}, "2 broken links"),
            ("makesitemap", "map.xml --compress", kinds.Sitemap, SITEMAP, "map.xml.gz written"),
            ("importfeed", "a.example b.example", kinds.FeedImport, FEED, "20 news from a.ex"),
            ("deletedrafts", "--dry-run", kinds.OldDrafts, {"dry_run": True}, "90 days found"),
            ("mailnewsletter", "--subject 'Old news'", kinds.Newsletter, NEWS, "“Old news” mail"),
            ("updateindex", "--hours 2", kinds.IndexUpdate, {"hours": 2}, "index of 2 h renewed"),
        ]
        for command, arguments, kind, fields, output in jobs:
            by_command = CommandJob(name=command, command=command, arguments=arguments)
            for definition in (by_command, kind(name=command, **fields)):
                run = run_job(definition)
                self.assertEqual(run.status, "succeeded", run.error)
                self.assertIn(output, run.output)

    def test_a_command_error_is_a_failure(self) -> None:
        by_command = CommandJob(name="links", command="checklinks", arguments="--fail")
        for definition in (by_command, kinds.LinkCheck(name="links", fail=True)):
            run = run_job(definition)
            self.assertEqual(run.status, "failed")
            self.assertIn("Broken: example.com, example.invalid", run.error)

    def test_options_that_a_command_does_not_have_are_refused(self) -> None:
        for arguments in ("--page 5x", "--language fr", "--unknown"):
            job = CommandJob(name="cache", command="warmcache", arguments=arguments)
            with self.assertRaises(ValidationError):
                job.full_clean()

    def test_other_commands_are_refused(self) -> None:
        with self.assertRaises(ValidationError):
            CommandJob(name="flush", command="flush", arguments="--no-input").full_clean()


WARM = {"pages": 5, "language": "ja"}
SITEMAP = {"file": "map.xml", "compress": True}
FEED = {"urls": "a.example\nb.example"}
NEWS = {"subject": "Old news"}
