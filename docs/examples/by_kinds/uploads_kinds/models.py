import csv
import gzip

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models

from countjobs.api import JobDefinition
from uploads.models import Upload


class UploadImport(JobDefinition):
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="+")
    delimiter = models.CharField(max_length=1, default=",")

    def run(self) -> None:
        upload = self.upload
        with upload.file.open("r") as file:
            upload.rows = sum(1 for _ in csv.DictReader(file, delimiter=self.delimiter))
        upload.save(update_fields=["rows"])
        print(upload.rows, "rows imported")


class UploadCheck(JobDefinition):
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="+")
    columns = models.JSONField(default=list)

    def clean(self) -> None:
        super().clean()
        if not isinstance(self.columns, list):
            raise ValidationError({"columns": "This must be a list of texts."})

    def run(self) -> None:
        with self.upload.file.open("r") as file:
            if missing := sorted(set(self.columns) - set(csv.DictReader(file).fieldnames or ())):
                raise ValueError(f"Missing: {', '.join(missing)}")


class UploadPacking(JobDefinition):
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="+")
    level = models.PositiveSmallIntegerField(default=9)

    def run(self) -> None:
        packed = ContentFile(gzip.compress(self.upload.file.read(), self.level))
        print("Saved as", default_storage.save(f"{self.upload.file.name}.gz", packed))
