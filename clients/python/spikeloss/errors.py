"""What goes wrong, as exceptions. An answer of the server's that is no result carries its problem
document (RFC 9457; docs/api.md lists all codes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional


class SpikelossError(Exception):
    """Everything that this package raises on its own account."""


class Unreachable(SpikelossError, ConnectionError):
    """No answer: refused, broken or timed out, retries included."""


class ProblemError(SpikelossError):
    """The server answered that it will not or can not compute this.

    status      HTTP status
    code        stable word of the server's closed list, such as "length_mismatch"
    detail      what was expected and what came, for people
    pointer     JSON pointer of the offending value, such as "/targets/3", where one value is
    offset      byte of the request's body at which the error became certain, where one is
    request_id  names this request in the server's log
    problem     the whole document
    """

    def __init__(self, status: int, problem: Mapping[str, Any], request_id: Optional[str]) -> None:
        self.status = status
        self.problem = dict(problem)
        self.code: str = problem.get("code", "unknown")
        self.detail: str = problem.get("detail", "")
        self.pointer: Optional[str] = problem.get("pointer")
        self.offset: Optional[int] = problem.get("offset")
        self.request_id: Optional[str] = problem.get("instance", request_id)
        super().__init__(status, problem, request_id)

    def __str__(self) -> str:
        return f"{self.detail} ({self.code}, HTTP {self.status}, request {self.request_id})"


class InputError(ProblemError, ValueError):
    """The arguments are wrong: the request would fail however often it is sent."""


# Malformed, too large, and without an answer: the statuses that speak of the body.
_INPUT_STATUSES = (400, 413, 422)


def problem_error(
    status: int, problem: Mapping[str, Any], request_id: Optional[str]
) -> ProblemError:
    kind = InputError if status in _INPUT_STATUSES else ProblemError
    return kind(status, problem, request_id)
