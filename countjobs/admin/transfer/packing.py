"""What the dry run's page carries to its confirmation: the file, and a digest of what was shown.

Both are signed, so nobody can confirm what this site hasn't shown; and compressed, since a form may
be no longer than `DATA_UPLOAD_MAX_MEMORY_SIZE`.
"""

from __future__ import annotations

from dataclasses import asdict

from django.conf import settings
from django.core import signing

from countjobs.transfer.reading import refusal
from countjobs.transfer.saving import Order

_REST_OF_THE_FORM = 16 * 1024


def pack(order: Order, page: str) -> str:
    """As text for a page's form. Raises ValidationError if it is too long for one."""
    packed = signing.dumps(asdict(order), salt=_salt(page), compress=True)
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if most is not None and len(packed) > most - _REST_OF_THE_FORM:
        raise refusal("long")
    return packed


def unpack(packed: str, page: str) -> Order:
    """What was packed for a page. Raises BadSignature for anything else."""
    return Order(**signing.loads(packed, salt=_salt(page)))


def _salt(page: str) -> str:
    return f"countjobs.transfer.{page}"
