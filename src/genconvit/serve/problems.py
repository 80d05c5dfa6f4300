"""Problems of requests, with the codes of the library's errors, in the form of RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from genconvit.core.errors import GenConViTError
from genconvit.core.text import printable
from genconvit.serve.models import ProblemBody

MEDIA_TYPE = "application/problem+json"

_STATUS = {"config": 422, "inaccessible": 404, "unsupported": 415, "limit": 413}
"""Statuses of the library's errors, by code; of all others 500."""


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request cannot be answered as asked.

    Args:
        status: status of the response.
        code: code that a program looks at.
        detail: the value that was got, the values allowed, and the next step.
        headers: further headers of the response.
    """

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})

    @property
    def body(self) -> bytes:
        """JSON of the response."""
        return problem_body(self.status, self.code, self.detail)


def problem_body(status: int, code: str, detail: str) -> bytes:
    """The JSON of a problem."""
    made = ProblemBody(
        type=f"urn:genconvit:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=printable(detail),
        code=code,
    )
    return made.model_dump_json().encode()


def problem_of(error: GenConViTError) -> Problem:
    """The problem that one of the library's errors is."""
    return Problem(_STATUS.get(error.code, 500), error.code, str(error))


def not_found(what: str) -> Problem:
    """The problem of what is not there, or is another's."""
    return Problem(404, "notfound", f"there is no {what}, or it is another key's; GET /v1/jobs lists yours")
