from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from by_kinds.uploads_kinds.models import UploadImport
from countjobs.api import request_run
from uploads.models import Upload


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    saved = Upload.objects.create(file=request.FILES["file"])
    job = UploadImport(name=f"import {saved.pk}", upload=saved, time_limit=600)
    if "tonight" in request.POST:
        night = timezone.localtime() + timedelta(days=1)
        job.year, job.month, job.day = str(night.year), str(night.month), str(night.day)
        job.hour, job.minute = "2", "30"
        job.save()
    else:
        job.enabled = False
        job.save()
        request_run(job, requested_by=str(request.user))
    return HttpResponse(job.job_id, status=202)
