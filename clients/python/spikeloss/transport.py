"""Connections to one server: pooled, kept alive, with retries while a server restarts."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any, NamedTuple, Optional
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, NewConnectionError

from spikeloss.errors import Unreachable
from spikeloss.version import VERSION

_log = logging.getLogger("spikeloss")

# How many idle connections are kept. Further threads open connections of their own.
_KEPT_CONNECTIONS = 8

# Statuses of a server that is stopped or full, from itself or from a load balancer.
_PASSING_STATUSES = (502, 503, 504)


class _Patience(urllib3.Retry):
    """First at once, then after 0.2 s, 0.4 s and so on, up to this."""

    LONGEST_PAUSE = 5.0

    def get_backoff_time(self) -> float:
        return min(self.LONGEST_PAUSE, super().get_backoff_time())

    def increment(
        self,
        method: Optional[str] = None,
        url: Optional[str] = None,
        response: Optional[urllib3.HTTPResponse] = None,
        error: Optional[Exception] = None,
        *rest: Any,
        **more: Any,
    ) -> urllib3.Retry:
        """Called before each retry. Raises if there is to be none."""
        left = super().increment(method, url, response, error, *rest, **more)
        what = f"HTTP {response.status}" if response is not None else _reason(error)
        _log.warning("%s; asking again, %d retries left", what, left.total)
        return left


def _reason(error: object) -> str:
    """What urllib3 says, without the address of its connection object in memory."""
    return str(error).split(" object at 0x")[-1].split(">: ")[-1]


def _patience(retries: int) -> _Patience:
    """Losses are pure functions, so any request may be sent again. Only what a retry cannot change,
    such as an untrusted certificate ("other"), is final at once."""
    return _Patience(
        total=retries,
        other=0,
        redirect=False,
        allowed_methods=frozenset({"POST"}),
        status_forcelist=_PASSING_STATUSES,
        backoff_factor=0.1,
        raise_on_status=False,
    )


class _UnixConnection(HTTPConnection):
    """HTTP over a Unix socket. Its path takes the place of the host."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost")
        self.path = path
        self.connect_timeout = timeout

    def _new_conn(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self.connect_timeout)
        try:
            connection.connect(self.path)
        except OSError as error:
            connection.close()
            raise NewConnectionError(self, f"{self.path}: {error}") from error
        return connection


class _UnixPool(urllib3.HTTPConnectionPool):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout, maxsize=_KEPT_CONNECTIONS)
        self.path = path
        self.connect_timeout = timeout

    def _new_conn(self) -> _UnixConnection:
        self.num_connections += 1
        return _UnixConnection(self.path, self.connect_timeout)


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
        self.url = url
        self._timeout = timeout
        self._tls = tls
        self._patience = _patience(retries)
        self._headers = {
            "Content-Type": "application/json",
            "User-Agent": f"spikeloss-python/{VERSION}",
        }
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._prefix = "" if url.startswith("unix:") else urlsplit(url).path.rstrip("/")
        self._pool = self._connect()
        self._process = os.getpid()

    def _connect(self) -> urllib3.HTTPConnectionPool:
        if self.url.startswith("unix:"):
            path = self.url[len("unix:") :]
            return _UnixPool(path[2:] if path.startswith("//") else path, self._timeout)
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(
                f"{self.url!r}: expected http://HOST:PORT, https://HOST:PORT or unix:PATH"
            )
        if parts.scheme == "http":
            return urllib3.HTTPConnectionPool(
                parts.hostname, parts.port, timeout=self._timeout, maxsize=_KEPT_CONNECTIONS
            )
        return urllib3.HTTPSConnectionPool(
            parts.hostname,
            parts.port,
            timeout=self._timeout,
            maxsize=_KEPT_CONNECTIONS,
            cert_reqs="CERT_REQUIRED",
            ca_certs=self._tls.authorities,
            cert_file=self._tls.certificate,
            key_file=self._tls.key,
        )

    def post(self, path: str, body: bytes) -> urllib3.HTTPResponse:
        if self._process != os.getpid():  # a forked process must not share its parent's sockets
            self._pool, self._process = self._connect(), os.getpid()
        try:
            return self._pool.urlopen(
                "POST",
                self._prefix + path,
                body=body,
                headers=self._headers,
                retries=self._patience,
                redirect=False,
            )
        except HTTPError as error:
            last = getattr(error, "reason", None) or error  # of all retries
            raise Unreachable(f"no answer from {self.url}: {_reason(last)}") from None

    def close(self) -> None:
        self._pool.close()
