"""Asks one server: connections are kept, and requests repeated while a server restarts."""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Sequence
from numbers import Integral, Real
from typing import NamedTuple, Optional

from spikeloss.errors import BadAnswer, Unreachable
from spikeloss.http import Address, Answer, Connection, Deadline, Malformed, Proxy
from spikeloss.version import VERSION

_log = logging.getLogger("spikeloss")

# Statuses of a server that is stopped or full, from itself or from a load balancer.
_PASSING_STATUSES = (502, 503, 504)

_LONGEST_PAUSE = 5.0


class TlsFiles(NamedTuple):
    """PEM files: trusted authorities (None: those of the system), and the client certificate."""

    authorities: Optional[str]
    certificate: Optional[str]
    key: Optional[str]


class Transport:
    """Sends bodies and returns the final answer of the server. Threads may share it."""

    def __init__(
        self, url: str, *, token: Optional[str], timeout: float, retries: int, tls: TlsFiles
    ) -> None:
        _check(url, timeout, retries)
        self.url = url
        self._timeout = timeout
        self._retries = retries
        self._address = address = Address.parse(url)
        self._proxy = Proxy.of(address)
        self._tls = _tls_context(tls) if address.tls else None
        self._idle: list[Connection] = []
        self._process = os.getpid()
        if token is not None and not (token.isascii() and token.isprintable()):
            raise ValueError("token: expected printable ASCII characters")
        self._head = (
            f" HTTP/1.1\r\nHost: {address.authority()}\r\nUser-Agent: spikeloss-python/{VERSION}\r\n"
            "Accept-Encoding: identity\r\nContent-Type: application/json\r\n"
            + (f"Authorization: Bearer {token}\r\n" if token is not None else "")
            + (self._proxy.authorization if self._proxy and not address.tls else "")
        )

    def post(self, path: str, body: Sequence[bytes], max_answer: int) -> Answer:
        """Sends the pieces of a body. Raises Unreachable, or BadAnswer if the answer is not HTTP or
        longer than `max_answer`.

        Losses are pure functions, so any request may be sent again. What a repetition cannot
        change, such as an untrusted certificate, is final at once.
        """
        target = self._address.prefix + path
        if self._proxy is not None and not self._address.tls:
            target = f"http://{self._address.authority()}{target}"
        head = f"POST {target}{self._head}Content-Length: {sum(map(len, body))}\r\n\r\n"
        request = [head.encode(), *body]
        deadline = Deadline(self._timeout)
        for repetition in range(1, self._retries + 2):
            try:
                answer = self._ask(request, max_answer, deadline)
                if answer.status not in _PASSING_STATUSES:
                    return answer
                pause = max(_pause(repetition), _retry_after(answer))
                reason = f"HTTP {answer.status}"
            except Malformed as error:
                raise BadAnswer(f"{self.url} is not a spikelossd: {error}") from None
            except OSError as error:
                if isinstance(error, ssl.SSLCertVerificationError) or _speaks_no_tls(error):
                    raise self._unreachable(error) from None
                answer, failure = None, error
                pause, reason = _pause(repetition), _reason(error)
            left = self._retries + 1 - repetition
            if left == 0 or pause >= deadline.left():
                break
            _log.warning("%s: %s; asking again, %d retries left", self.url, reason, left - 1)
            time.sleep(pause)
        if answer is None:
            raise self._unreachable(failure) from None
        return answer

    def _ask(self, request: Sequence[bytes], max_answer: int, deadline: Deadline) -> Answer:
        """Sends the request once, on a kept connection if there is one that still works."""
        if self._process != os.getpid():  # a forked process must not share its parent's sockets
            self._idle, self._process = [], os.getpid()
        connection = self._kept_connection()
        if connection is None:
            connection = Connection(self._address, self._proxy, self._tls, deadline)
        try:
            answer = connection.ask(request, max_answer, deadline)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _kept_connection(self) -> Optional[Connection]:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took the last one
                return None
            if connection.is_idle():
                return connection
            connection.close()
        return None

    def close(self) -> None:
        """Closes idle connections."""
        while (connection := self._kept_connection()) is not None:
            connection.close()

    def _unreachable(self, error: OSError) -> Unreachable:
        hint = ""
        if _speaks_no_tls(error):
            hint = "; the server may speak http, without TLS: give its URL with http://"
        if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
            hint = (
                "; start a server with `spikelossd` or `python -m spikeloss serve`, or give the URL"
                " of yours to Client(url) or in SPIKELOSSD_URL"
            )
        return Unreachable(f"no answer from {self.url}: {_reason(error)}{hint}")


def _check(url: object, timeout: object, retries: object) -> None:
    """Otherwise each would be an error of its first call, without a name."""
    if not isinstance(url, str):
        raise TypeError(f"url: expected text such as 'http://HOST:PORT', not {url!r}")
    if not isinstance(timeout, Real) or isinstance(timeout, bool):
        raise TypeError(f"timeout: expected a number of seconds, not {timeout!r}")
    if not float(timeout) > 0:
        raise ValueError(f"timeout: expected seconds, more than 0, not {timeout!r}")
    if not isinstance(retries, Integral):
        raise TypeError(f"retries: expected an integer, not {retries!r}")
    if int(retries) < 0:
        raise ValueError(f"retries: expected 0 or more, not {retries}")


def _tls_context(files: TlsFiles) -> ssl.SSLContext:
    for path in filter(None, files):  # the errors of ssl do not name the file
        open(path, "rb").close()
    context = ssl.create_default_context(cafile=files.authorities)
    if files.certificate is not None:
        context.load_cert_chain(files.certificate, files.key)
    return context


def _pause(repetition: int) -> float:
    """0 at first, then 0.2 s, 0.4 s and so on."""
    return 0.0 if repetition == 1 else min(_LONGEST_PAUSE, 0.1 * 2.0 ** (repetition - 1))


def _retry_after(answer: Answer) -> float:
    seconds = answer.headers.get("retry-after", "")
    return float(seconds) if seconds.isascii() and seconds.isdecimal() else 0.0


def _speaks_no_tls(error: OSError) -> bool:
    """By the words of OpenSSL, of which the second are those from 3.2 on."""
    reasons = "WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"
    return isinstance(error, ssl.SSLError) and error.reason in reasons


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    words = error.strerror or str(error)
    return f"{error.filename}: {words}" if error.filename else words
