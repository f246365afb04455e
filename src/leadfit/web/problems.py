"""Every error as problem+json (RFC 9457): what came, what is allowed, what to do next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from litestar import Response
from litestar.exceptions import HTTPException

from leadfit.canonical import Plain, document
from leadfit.errors import (
    BadInput,
    Conflict,
    Fault,
    LeadfitError,
    NotFound,
    NotPossible,
    Retryable,
    StoreBusy,
)

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 -- the word of the standard it carries
    """An answer that is an error; raised where a request cannot go on.

    Attributes:
        status: The HTTP status.
        code: A fixed word, such as ``body_too_large``.
        detail: What came, what is allowed, what to do next.
        headers: Headers the answer carries besides.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.faults = tuple(faults)
        super().__init__(detail)

    def body(self) -> dict[str, Plain]:
        """Return the problem as a JSON object."""
        shown: dict[str, Plain] = {
            "type": f"urn:leadfit:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.faults:
            shown["faults"] = fault_list(self.faults)
        return shown


def fault_list(faults: Sequence[Fault]) -> list[Plain]:
    """Return faults as JSON objects with ``place``, ``came`` and ``allowed``."""
    return [document(fault) for fault in faults]


def problem_of(error: Exception) -> Problem:
    """Return any error as the problem a caller sees; an unexpected one says nothing of itself."""
    match error:
        case Problem():
            return error
        case BadInput():
            return refused(error.faults, code=error.code)
        case HTTPException():
            return _of_framework(error)
        case LeadfitError():
            return _of_ours(error)
    return Problem(500, "internal", "something failed inside; the log of the server says what")


def _of_ours(error: LeadfitError) -> Problem:
    if isinstance(error, Retryable):
        wait_s = error.retry_after_s if isinstance(error, StoreBusy) else 1.0
        return overloaded(503, error.code, str(error), wait_s)
    status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)
    return Problem(status, error.code, str(error))


_STATUSES = {NotFound: 404, Conflict: 409, NotPossible: 409}


def refused(faults: Sequence[Fault], *, code: str = "bad_input") -> Problem:
    """Return the problem of a body that cannot be taken, with every fault."""
    count = len(faults)
    detail = f"{count} fault{'s' if count != 1 else ''} in what came; each is named in faults"
    return Problem(422, code, detail, faults=faults)


def overloaded(status: int, code: str, detail: str, wait_s: float = 1.0) -> Problem:
    """Return the problem of too much work, with the seconds to wait."""
    return Problem(status, code, detail, headers={"Retry-After": str(max(1, math.ceil(wait_s)))})


def _of_framework(error: HTTPException) -> Problem:
    status = error.status_code if 400 <= error.status_code < 600 else 500
    match status:
        case 404:
            return Problem(404, "no_such_page", "nothing is at this address")
        case 405:
            allow = {k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"}
            return Problem(405, "method_not_allowed", "use another method here", headers=allow)
        case 413:
            return Problem(413, "body_too_large", "the body is over its limit; send a smaller one")
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    detail = HTTPStatus(status).description or HTTPStatus(status).phrase
    return Problem(status, code, detail)


def answer(problem: Problem) -> Response[dict[str, Plain]]:
    """Return a problem as a response."""
    return Response(
        problem.body(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )
