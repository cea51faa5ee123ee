"""Exceptions. Those for an error of the server carry its problem document (RFC 9457). docs/api.md
lists all codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional


class SpikelossError(Exception):
    """The base class of the exceptions of this package."""


class Unreachable(SpikelossError, ConnectionError):
    """No answer: refused, broken or too late, retries included."""


class BadAnswer(SpikelossError):
    """What answered is not a spikelossd: it redirects, or its answer has no loss and gradients."""


class ProblemError(SpikelossError):
    """The server answered with an error.

    status      HTTP status
    code        stable word from the list in docs/api.md, such as "length_mismatch"
    detail      what was expected and what came, for people
    pointer     JSON pointer of the offending value, such as "/targets/3", if there is one
    offset      byte of the request's body at which the error became certain, if there is one
    request_id  names this request in the server's log
    problem     the whole document
    """

    def __init__(self, status: int, problem: Mapping[str, Any], request_id: Optional[str]) -> None:
        self.status = status
        self.problem = dict(problem)
        self.code = _text(problem.get("code")) or "unknown"
        self.detail = _text(problem.get("detail")) or ""
        self.pointer = _text(problem.get("pointer"))
        offset = problem.get("offset")
        self.offset = offset if type(offset) is int and offset >= 0 else None
        self.request_id = _text(problem.get("instance")) or request_id
        super().__init__(status, problem, request_id)

    def __str__(self) -> str:
        return f"{self.detail} ({self.code}, HTTP {self.status}, request {self.request_id})"


class InputError(ProblemError, ValueError):
    """The arguments are wrong. A retry cannot help."""


# Malformed, too large, and without an answer: the statuses that are about the body.
_INPUT_STATUSES = (400, 413, 422)


def problem_error(
    status: int, problem: Mapping[str, Any], request_id: Optional[str]
) -> ProblemError:
    kind = InputError if status in _INPUT_STATUSES else ProblemError
    return kind(status, problem, request_id)


def _text(value: object) -> Optional[str]:
    return value if isinstance(value, str) else None
