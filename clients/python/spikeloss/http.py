"""HTTP/1.1 over one connection: small, fast, and bounded in time and in bytes, whatever the server
does. Nothing is decompressed, nothing is redirected."""

from __future__ import annotations

import base64
import ipaddress
import math
import os
import re
import select
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Optional, Union
from urllib.parse import SplitResult, unquote, urlsplit

_MAX_HEAD = 1 << 16

# More are joined before they are sent.
_MAX_PIECES = 64

# No single wait is longer, in seconds: poll() takes milliseconds in an int.
_MAX_WAIT = 2e6

# How long a thread looks for the answer of a server on this machine before it sleeps, in seconds.
_LOOK = 0.0003

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?\r\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r\n")


class Malformed(Exception):
    """What came is not the answer of an HTTP server, or larger than it can be."""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    """By names in lower case."""
    body: Union[bytes, bytearray]


class Deadline:
    """A moment that all waiting of a call has in common."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return self._end - time.monotonic()

    def seconds(self) -> float:
        """How long to wait, more than 0."""
        left = self.left()
        if left <= 0:
            raise TimeoutError("timed out")
        return min(left, _MAX_WAIT)


class Address(NamedTuple):
    """Where a server is: `unix`, the path of a socket, or `host` and `port`."""

    unix: Optional[str]
    host: str
    port: int
    tls: bool
    prefix: str
    """The path before the server's own."""

    @staticmethod
    def parse(url: str) -> Address:
        if url.startswith("unix:"):
            path = url[len("unix:") :]
            path = path[2:] if path.startswith("//") else path
            if path:
                return Address(path, "localhost", 80, False, "")
        try:
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname and not parts.query:
                tls = parts.scheme == "https"
                port = parts.port or (443 if tls else 80)
                return Address(None, parts.hostname, port, tls, parts.path.rstrip("/"))
        except ValueError:  # the port
            pass
        raise ValueError(f"{url!r}: expected http://HOST:PORT, https://HOST:PORT or unix:PATH")

    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Proxy(NamedTuple):
    host: str
    port: int
    authorization: str
    """A header line, or nothing."""

    @staticmethod
    def of(address: Address) -> Optional[Proxy]:
        """That of the environment (http_proxy, https_proxy, no_proxy), never for this machine."""
        if address.unix is not None or _is_loopback(address.host):
            return None
        url = urllib.request.getproxies().get("https" if address.tls else "http")
        if not url or urllib.request.proxy_bypass(address.host):
            return None
        parts = urlsplit(url if "://" in url else "http://" + url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"proxy {url!r}: expected http://HOST:PORT")
        return Proxy(parts.hostname, parts.port or 80, _proxy_authorization(parts))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _proxy_authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"


class Connection:
    """One connection. After an error it must be closed."""

    def __init__(
        self,
        address: Address,
        proxy: Optional[Proxy],
        tls: Optional[ssl.SSLContext],
        deadline: Deadline,
    ) -> None:
        self._buffer = b""
        self._nearby = address.unix is not None or _is_loopback(address.host)
        self._wire = self._connect(address, proxy, deadline)
        self._tls = False
        self._poll: Optional[select.poll] = None
        self.reusable = True
        try:
            if proxy is not None and tls is not None:
                self._tunnel(address, proxy, deadline)
            if tls is not None:
                self._wire.settimeout(deadline.seconds())
                self._wire = tls.wrap_socket(self._wire, server_hostname=address.host)
                self._tls = True
            self._wire.setblocking(False)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _connect(address: Address, proxy: Optional[Proxy], deadline: Deadline) -> socket.socket:
        if address.unix is None:
            host, port = (address.host, address.port) if proxy is None else proxy[:2]
            wire = socket.create_connection((host, port), deadline.seconds())
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return wire
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            wire.settimeout(deadline.seconds())
            wire.connect(address.unix)
        except BaseException as error:
            wire.close()
            if isinstance(error, OSError):
                error.filename = address.unix
            raise
        return wire

    def _tunnel(self, address: Address, proxy: Proxy, deadline: Deadline) -> None:
        target = f"{address.host}:{address.port}"
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{proxy.authorization}\r\n"
        self._wire.setblocking(False)
        self._send([head.encode()], deadline)
        status, _, _ = self._receive_head(deadline)
        if status != 200:
            raise Malformed(f"the proxy {proxy.host}:{proxy.port} answered with status {status}")

    def close(self) -> None:
        self._wire.close()

    def __del__(self) -> None:  # of a client that was not closed
        if hasattr(self, "_wire"):
            self.close()

    def is_idle(self) -> bool:
        """False if the server has closed the connection, or sent something without a request."""
        if not hasattr(select, "poll"):  # Windows
            return not _is_ready(self._wire, False, 0.0)
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._wire, select.POLLIN)
        return not self._poll.poll(0)

    def _wait(self, to_send: bool, deadline: Deadline) -> None:
        """Until something can be sent or received.

        A server on this machine has often answered before a thread that sleeps would be awake. So
        this looks for a moment first, if there is a processor left for the server.
        """
        end = time.monotonic() + (_LOOK if self._nearby and _processors() > 1 else 0.0)
        while time.monotonic() < end:
            if _is_ready(self._wire, to_send, 0.0):
                return
        if not _is_ready(self._wire, to_send, deadline.seconds()):
            raise TimeoutError("timed out")

    def _when_ready(
        self, operation: Callable[[Any], Any], argument: Any, to_send: bool, deadline: Deadline
    ) -> Any:
        """What the operation of the socket returns, as soon as it need not wait. A server that never
        lets it wait does not stretch the deadline."""
        while True:
            deadline.seconds()
            try:
                return operation(argument)
            except BlockingIOError:
                self._wait(to_send, deadline)
            except ssl.SSLWantReadError:
                self._wait(False, deadline)
            except ssl.SSLWantWriteError:
                self._wait(True, deadline)

    def _send(self, pieces: Sequence[bytes], deadline: Deadline) -> None:
        left, sent = memoryview(b""), 0
        if len(pieces) <= _MAX_PIECES and hasattr(socket.socket, "sendmsg") and not self._tls:
            sent = self._when_ready(self._wire.sendmsg, pieces, True, deadline)
        if sent < sum(map(len, pieces)):
            left = memoryview(b"".join(pieces))[sent:]
        while left:
            left = left[self._when_ready(self._wire.send, left, True, deadline) :]

    def _receive_some(self, deadline: Deadline) -> bytes:
        """Nothing: no more will come."""
        piece: bytes = self._when_ready(self._wire.recv, 1 << 16, False, deadline)
        return piece

    def ask(self, request: Sequence[bytes], max_body: int, deadline: Deadline) -> Answer:
        """Sends the pieces of a request and returns the answer to it."""
        self.reusable = False
        refused: Optional[OSError] = None
        try:
            self._send(request, deadline)
        except (BrokenPipeError, ConnectionResetError) as error:
            refused = error  # the server may have answered before it had all
        try:
            return self._receive(max_body, deadline)
        except ConnectionError:
            if refused is not None:
                raise refused from None
            raise

    def _receive(self, max_body: int, deadline: Deadline) -> Answer:
        for _ in range(10):
            status, headers, keeps = self._receive_head(deadline)
            if status >= 200:
                break
        else:
            raise Malformed("there is no end of interim answers")
        body, ended = self._receive_body(status, headers, max_body, deadline)
        self.reusable = keeps and ended and not self._buffer
        return Answer(status, headers, body)

    def _receive_head(self, deadline: Deadline) -> tuple[int, dict[str, str], bool]:
        """Returns status, headers, and whether the server keeps the connection."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise Malformed("the head of the answer has no end")
            if not self._buffer.startswith(b"HTTP/1."[: len(self._buffer)]):
                raise Malformed(f"it does not speak HTTP/1.1: {self._buffer[:40]!r}")
            self._fill(deadline)
        head, self._buffer = self._buffer[: end + 2], self._buffer[end + 4 :]
        line = _STATUS_LINE.match(head)
        if line is None:
            raise Malformed(f"it does not speak HTTP/1.1: {head[:40]!r}")
        headers: dict[str, str] = {}
        for field in head[line.end() : -2].decode("latin-1").split("\r\n"):
            name, _, value = field.partition(":")
            name, value = name.lower(), value.strip(" \t")
            if headers.setdefault(name, value) != value and name == "content-length":
                raise Malformed("it has two different Content-Length")
        wish = headers.get("connection", "").lower()
        keeps = wish == "keep-alive" if line[1] == b"0" else wish != "close"
        return int(line[2]), headers, keeps

    def _receive_body(
        self, status: int, headers: dict[str, str], max_body: int, deadline: Deadline
    ) -> tuple[Union[bytes, bytearray], bool]:
        """Returns the body, and whether its end is known without the end of the connection."""
        if status in (204, 304):
            return b"", True
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Malformed(f"Content-Encoding: {headers['content-encoding'][:40]}, not asked for")
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise Malformed(f"Transfer-Encoding: {headers['transfer-encoding'][:40]}")
            return self._receive_chunks(max_body, deadline), True
        if "content-length" not in headers:
            return self._receive_rest(max_body, deadline), False
        length = headers["content-length"]
        if not re.fullmatch(r"[0-9]{1,18}", length):
            raise Malformed(f"Content-Length: {length[:40]}")
        _check_size(int(length), max_body)
        return self._receive_exactly(int(length), deadline), True

    def _receive_exactly(self, length: int, deadline: Deadline) -> Union[bytes, bytearray]:
        if length <= len(self._buffer):
            whole, self._buffer = self._buffer[:length], self._buffer[length:]
            return whole
        body = bytearray(length)
        filled = min(length, len(self._buffer))
        body[:filled], self._buffer = self._buffer[:filled], self._buffer[filled:]
        rest = memoryview(body)
        while filled < length:
            count = self._when_ready(self._wire.recv_into, rest[filled:], False, deadline)
            if count == 0:
                raise ConnectionError("the answer ends too early")
            filled += count
        return body

    def _receive_chunks(self, max_body: int, deadline: Deadline) -> bytes:
        body = bytearray()
        while True:
            size = int(self._receive_line(_CHUNK_SIZE, deadline)[1], 16)
            if size == 0:
                break
            _check_size(len(body) + size, max_body)
            body += self._receive_exactly(size, deadline)
            if self._receive_exactly(2, deadline) != b"\r\n":
                raise Malformed("a chunk is longer than its size")
        for _ in range(100):
            if self._receive_line(re.compile(rb"([^\r\n]*)\r\n"), deadline)[1] == b"":
                return bytes(body)
        raise Malformed("the trailer of the answer has no end")

    def _receive_line(self, pattern: re.Pattern[bytes], deadline: Deadline) -> re.Match[bytes]:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > 4096:
                raise Malformed("a line between chunks has no end")
            self._fill(deadline)
        found = pattern.match(self._buffer)
        if found is None:
            raise Malformed(f"a chunk begins with {self._buffer[:20]!r}")
        self._buffer = self._buffer[found.end() :]
        return found

    def _receive_rest(self, max_body: int, deadline: Deadline) -> bytes:
        pieces, size = [self._buffer], len(self._buffer)
        while True:
            _check_size(size, max_body)
            piece = self._receive_some(deadline)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            size += len(piece)

    def _fill(self, deadline: Deadline) -> None:
        piece = self._receive_some(deadline)
        if not piece:
            raise ConnectionError("the connection was closed without an answer")
        self._buffer += piece


def _processors() -> int:
    """Of this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_ready(wire: socket.socket, to_send: bool, seconds: float) -> bool:
    """Waits for so long."""
    if not hasattr(select, "poll"):  # Windows
        wires = [wire]
        return any(select.select([] if to_send else wires, wires if to_send else [], [], seconds))
    poll = select.poll()
    poll.register(wire, select.POLLOUT if to_send else select.POLLIN)
    return bool(poll.poll(math.ceil(1000 * seconds)))


def _check_size(size: int, max_size: int) -> None:
    if size > max_size:
        raise Malformed(f"it has more than the {max_size} bytes that an answer to this can have")
