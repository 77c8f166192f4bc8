from datetime import UTC, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.utils import timezone

from by_kinds.uploads_kinds import models as kinds
from countjobs.api import Execution, FunctionJob, JobDefinition
from countjobs.executors.here import run_here
from uploads import jobs
from uploads.models import Upload

ROWS = b"name,price\nbread,3\nmilk,2\n"


class UploadTests(TestCase):
    def post(self, address: str, **fields: str) -> str:
        file = SimpleUploadedFile("rows.csv", ROWS)
        response = self.client.post(address, {"file": file, **fields})
        self.assertEqual(response.status_code, 202)
        return response.content.decode()

    def test_each_upload_asks_for_a_run(self) -> None:
        for address in ("/upload/", "/upload-by-kinds/"):
            ids = [self.post(address) for _ in range(3)]
            runs = Execution.objects.filter(job_id__in=ids)
            self.assertEqual({run.job_id for run in runs}, {*ids})
            self.assertEqual({run.status for run in runs}, {"queued"})

    def test_what_the_view_has_made_imports_the_upload(self) -> None:
        for address, kind in (
            ("/upload/", FunctionJob),
            ("/upload-by-kinds/", kinds.UploadImport),
        ):
            job_id = self.post(address)
            job: Any = kind.objects.get(pk=job_id.partition(":")[2])
            self.assertFalse(job.enabled)
            self.assertEqual(job.time_limit, 600)
            job.full_clean()
            self.assertEqual(run_here(job, requested_by="").output, "2 rows imported\n")
            self.assertEqual(Upload.objects.latest("pk").rows, 2)

    def test_an_upload_may_wait_for_the_night(self) -> None:
        for address, kind in (
            ("/upload/", FunctionJob),
            ("/upload-by-kinds/", kinds.UploadImport),
        ):
            job_id = self.post(address, tonight="yes")
            job: Any = kind.objects.get(pk=job_id.partition(":")[2])
            job.full_clean()
            now = timezone.now()
            night = job.next_fire_time(now)
            self.assertEqual((night - now.astimezone(UTC)) // timedelta(days=2), 0)
            self.assertEqual((night.hour, night.minute), (2, 30))
            self.assertIsNone(job.next_fire_time(night + timedelta(seconds=1)))
            self.assertFalse(Execution.objects.filter(job_id=job_id).exists())

    def test_an_upload_is_checked_and_packed(self) -> None:
        name = default_storage.save("rows.csv", ContentFile(ROWS))
        upload = Upload.objects.create(file=name)
        of: Any = FunctionJob.of
        columns = {"upload": upload, "columns": ["name", "weight"]}
        for wrong in (
            of(jobs.check_upload, name="check", arguments=columns),
            kinds.UploadCheck(name="check", **columns),
        ):
            self.assertIn("Missing: weight", self.run_job(wrong).error)
        for right in (
            of(jobs.pack_upload, name="pack", arguments={"upload": upload}),
            kinds.UploadPacking(name="pack", upload=upload),
        ):
            self.assertIn(".gz", self.run_job(right).output)

    def run_job(self, definition: JobDefinition) -> Execution:
        definition.full_clean()
        definition.save()
        return run_here(definition, requested_by="")
