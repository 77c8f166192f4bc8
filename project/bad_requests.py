"""What Django itself can't read of a request: it is refused with status 400, not answered with 500.

Both were seen with Django 5.2 and 6.1, in requests from anybody.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]


def readable_requests(get_response: Answer) -> Answer:
    """A middleware. It stands before those that read cookies or forms."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        # PostgreSQL can't even be asked for a session of such a name.
        if any("\0" in value for value in request.COOKIES.values()):
            raise BadRequest("A cookie holds a NUL.")
        if request.content_type == "multipart/form-data":
            _read_form(request)
        return get_response(request)

    return answer


def _read_form(request: HttpRequest) -> None:
    """Read it now. Raises BadRequest for a part whose header has a parameter twice, and the like.

    What is wrong with the form as a whole, or with its size, Django tells itself.
    """
    try:
        request.POST  # noqa: B018  # reading it is what it is for
    except (LookupError, TypeError) as error:
        raise BadRequest("A part of the form can't be read.") from error
