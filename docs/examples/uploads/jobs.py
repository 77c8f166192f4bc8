import csv
import gzip

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from countjobs import job
from uploads.models import Upload


@job(time_limit=600)
def import_upload(upload: Upload, delimiter: str = ",") -> None:
    """Import an uploaded file of rows."""
    with upload.file.open("r") as file:
        upload.rows = sum(1 for _ in csv.DictReader(file, delimiter=delimiter))
    upload.save(update_fields=["rows"])
    print(upload.rows, "rows imported")


@job
def check_upload(upload: Upload, columns: list[str]) -> None:
    """Check that an uploaded file has these columns."""
    with upload.file.open("r") as file:
        if missing := sorted(set(columns) - set(csv.DictReader(file).fieldnames or ())):
            raise ValueError(f"Missing: {', '.join(missing)}")


@job
def pack_upload(upload: Upload, level: int = 9) -> None:
    """Compress an uploaded file."""
    packed = ContentFile(gzip.compress(upload.file.read(), level))
    print("Saved as", default_storage.save(f"{upload.file.name}.gz", packed))
