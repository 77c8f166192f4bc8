"""What goes from the dry run's page to its confirmation: the file, and what was shown of it.

It is signed, and so is what this site has shown; it is compressed, since a form is sent back that
may be no longer than `DATA_UPLOAD_MAX_MEMORY_SIZE`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from django.conf import settings
from django.core import signing
from django.db import models

from countjobs.admin.transfer.format import label_of
from countjobs.admin.transfer.reading import refusal

_REST_OF_THE_FORM = 16 * 1024


@dataclass(frozen=True)
class Carried:
    """A file that a dry run was shown of."""

    text: str
    digest: str
    refused: dict[str, str] = field(default_factory=dict)
    """What the database refused, by name, with the reason."""

    def pack(self, model: type[models.Model]) -> str:
        """As a text for a form. Raises ValidationError where it is too long for one."""
        packed = signing.dumps(asdict(self), salt=_salt(model), compress=True)
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if most is not None and len(packed) > most - _REST_OF_THE_FORM:
            raise refusal("long")
        return packed


def unpack(packed: str, model: type[models.Model]) -> Carried:
    """What was packed for a kind. Raises BadSignature for anything else."""
    return Carried(**signing.loads(packed, salt=_salt(model)))


def _salt(model: type[models.Model]) -> str:
    return f"countjobs.transfer.{label_of(model)}"
