"""A server that is away for a while costs retries, not the run."""

import contextlib
import logging
import socket
import threading
import time

import pytest
import stub
from conftest import Daemon

import spikeloss
from spikeloss.http import Address, Connection, Deadline

BUSY = (503, {"Retry-After": 1}, b'{"code":"out_of_memory","detail":"no memory now"}')
BAD_GATEWAY = (502, {}, b"<html>")


class Retries(logging.Handler):
    """Lets a test wait until the client has tried in vain."""

    def __init__(self):
        super().__init__()
        self.happened = threading.Event()

    def emit(self, record):
        self.happened.set()


@pytest.fixture
def retries():
    handler = Retries()
    logger = logging.getLogger("spikeloss")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_a_broken_connection_is_tried_again():
    with stub.serving(None, None, stub.GOOD) as server:
        with spikeloss.Client(server.url) as client:
            assert stub.ask(client).loss == 0.25
        assert len(server.requests) == 3


def test_a_full_server_is_asked_again_after_the_time_that_it_names():
    with stub.serving(BUSY, stub.GOOD) as server, spikeloss.Client(server.url) as client:
        started = time.monotonic()
        assert stub.ask(client).loss == 0.25
        assert 1 <= time.monotonic() - started < 10
        assert len(server.requests) == 2


def test_a_load_balancer_without_servers_is_asked_again():
    with stub.serving(BAD_GATEWAY, BAD_GATEWAY, stub.GOOD) as server:
        with spikeloss.Client(server.url) as client:
            assert stub.ask(client).loss == 0.25


def test_a_server_that_stays_full_is_a_problem_in_the_end():
    with stub.serving(BUSY) as server, spikeloss.Client(server.url, retries=1) as client:
        with pytest.raises(spikeloss.ProblemError, match="no memory now") as caught:
            stub.ask(client)
        assert caught.value.code == "out_of_memory"
        assert not isinstance(caught.value, ValueError)
        assert len(server.requests) == 2


def test_a_connection_that_stays_broken_is_an_error_in_the_end():
    with stub.serving(None) as server, spikeloss.Client(server.url, retries=2) as client:
        with pytest.raises(spikeloss.Unreachable) as caught:
            stub.ask(client)
        assert isinstance(caught.value, ConnectionError)
        assert server.url in str(caught.value)
        assert " object at 0x" not in str(caught.value)
        assert len(server.requests) == 3


def test_retries_are_told(caplog):
    with stub.serving(None, BAD_GATEWAY, stub.GOOD) as server:
        with spikeloss.Client(server.url, retries=3) as client:
            stub.ask(client)
    told = [record.getMessage() for record in caplog.records if record.name == "spikeloss"]
    assert len(told) == 2
    assert "closed without an answer" in told[0] and "2 retries left" in told[0]
    assert told[1] == f"{server.url}: HTTP 502; asking again, 1 retries left"


def test_less_than_no_retries_are_refused():
    with pytest.raises(ValueError, match="^retries: expected 0 or more, not -1$"):
        spikeloss.Client("http://127.0.0.1:1", retries=-1)


@pytest.mark.parametrize(
    "url, options, error, message",
    [
        (8080, {}, TypeError, "url: expected text such as 'http://HOST:PORT', not 8080"),
        (None, {"timeout": "3"}, TypeError, "timeout: expected a number of seconds, not '3'"),
        (None, {"timeout": None}, TypeError, "timeout: expected a number of seconds, not None"),
        (None, {"timeout": 0}, ValueError, "timeout: expected seconds, more than 0, not 0"),
        (None, {"timeout": float("nan")}, ValueError, "timeout: expected seconds, more than 0"),
        (None, {"retries": "3"}, TypeError, "retries: expected an integer, not '3'"),
        (None, {"retries": 1.5}, TypeError, "retries: expected an integer, not 1.5"),
    ],
)
def test_an_argument_that_is_none_is_refused_at_once(url, options, error, message):
    with pytest.raises(error, match="^" + message):
        spikeloss.Client(url, **options)


def test_no_retries_means_none():
    for reply, error in (None, spikeloss.Unreachable), (BUSY, spikeloss.ProblemError):
        with stub.serving(reply) as server, spikeloss.Client(server.url, retries=0) as client:
            with pytest.raises(error):
                stub.ask(client)
            assert len(server.requests) == 1


def test_wrong_input_is_not_sent_twice():
    wrong = (422, {"Retry-After": 1}, b'{"code":"wrong_rank","detail":"no"}')
    with stub.serving(wrong) as server, spikeloss.Client(server.url) as client:
        with pytest.raises(spikeloss.InputError):
            stub.ask(client)
        assert len(server.requests) == 1


def test_a_server_that_says_nothing_is_not_waited_for_without_end():
    silent = threading.Event()

    class Late:
        """An answer that comes when the test is over."""

        def __iter__(self):
            silent.wait(60)
            return iter(stub.GOOD)

    with stub.serving(Late()) as server:
        with spikeloss.Client(server.url, timeout=0.2) as client:
            with pytest.raises(spikeloss.Unreachable, match="timed out"):
                stub.ask(client)
        silent.set()
        assert len(server.requests) == 1


@pytest.mark.parametrize("end", [Daemon.stop, Daemon.kill])
@pytest.mark.parametrize("listen", ["127.0.0.1:0", "unix:{}"])
def test_a_restart_of_the_server_goes_unnoticed(program, tmp_path, retries, end, listen):
    daemon = Daemon(program, listen.format(tmp_path / "daemon.sock"))
    with spikeloss.Client(daemon.url) as client:
        losses = [stub.ask(client).loss]
        end(daemon)
        call = threading.Thread(target=lambda: losses.append(stub.ask(client).loss))
        call.start()
        assert retries.happened.wait(30)
        daemon = Daemon(program, daemon.url.replace("http://", ""))
        call.join(60)
        losses.append(stub.ask(client).loss)
    daemon.stop()
    assert losses == [0.25] * 3


def test_an_answer_that_is_there_at_once_does_not_stretch_the_time():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Address.parse("http://127.0.0.1:%d" % server.getsockname()[1])
        connection = Connection(address, None, None, Deadline(60))
        wire, _ = server.accept()
        with wire, contextlib.closing(connection):
            wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            with pytest.raises(TimeoutError):
                connection.ask([b"POST / HTTP/1.1\r\n\r\n"], 2, Deadline(-1))


@pytest.mark.parametrize("timeout", [1e7, 1e300, float("inf")])
def test_no_time_is_too_long(timeout, monkeypatch):
    monkeypatch.setattr("spikeloss.http._LOOK", 0)
    with stub.serving(stub.GOOD) as server, spikeloss.Client(server.url, timeout=timeout) as client:
        assert stub.ask(client).loss == 0.25
