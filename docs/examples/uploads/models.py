from django.db import models


class Upload(models.Model):
    file = models.FileField(upload_to="uploads")
    rows = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"upload {self.pk}"
