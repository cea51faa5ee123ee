"""What the client sends, and what it makes of the answer."""

import base64
import importlib
import logging
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import threading

import numpy
import pytest
import stub
from conftest import ROOT, Daemon

import spikeloss
from spikeloss import native

SPIKES = (numpy.random.default_rng(3).random((4, 9, 6)) < 0.3).astype(numpy.float32)
POPULATION = {
    "targets": [0, 2, 1, 1],
    "num_classes": 3,
    "neurons_per_class": 2,
    "correct_rate": 0.8,
    "incorrect_rate": 0.1,
}


def sent(spikes, **options):
    """The body of a request about these spikes."""
    with stub.serving(stub.GOOD) as server, spikeloss.Client(server.url) as client:
        client.firing_rate_target_mse_loss([spikes], [0.5], [1], **options)
        return server.requests[0][2]


def sent_tensor(spikes):
    return sent(spikes)["spikes_list"][0]


@pytest.fixture(params=["native", "numpy", "torch"])
def adder(request, monkeypatch):
    """The ways to add float32: in C, or without that in NumPy, or in PyTorch where the program has it."""
    if request.param != "native":
        monkeypatch.setattr(native, "library", None)
    torch = pytest.importorskip("torch") if request.param == "torch" else None
    monkeypatch.setitem(sys.modules, "torch", torch)
    return torch


@pytest.mark.usefixtures("adder")
@pytest.mark.parametrize("dtype", ["bool", "i1", "u1", "i8", "f2", "f4", "f8", ">f8", "float128"])
@pytest.mark.parametrize("shape", [(1,), (8,), (3, 5), (4, 8, 6), (3, 5, 1000)])
def test_binary_spikes_of_few_steps_are_sent_as_bits(dtype, shape):
    spikes = numpy.random.default_rng(1).random(shape) < 0.4
    tensor = sent_tensor(spikes.astype(dtype))
    assert tensor["shape"] == list(shape)
    assert tensor["encoding"] == "bits"
    assert base64.b64decode(tensor["data"]) == numpy.packbits(spikes).tobytes()


@pytest.mark.parametrize("place", [0, 7, 8, 65535, 65536, 99999])
@pytest.mark.parametrize("value", [-1, 2, 0.5, 1 + 2**-52, 5e-324, numpy.nan, numpy.inf])
def test_one_value_that_is_neither_0_nor_1_is_never_lost(place, value):
    spikes = numpy.zeros(100_000)
    spikes[place] = value
    tensor = sent_tensor(spikes)
    assert tensor["encoding"] == "f64"
    assert base64.b64decode(tensor["data"]) == spikes.tobytes()


@pytest.mark.parametrize(
    "dtype, encoding",
    [("f2", "f32"), ("f4", "f32"), (">f4", "f32"), ("i2", "f32"), ("i4", "f64"), ("f8", "f64")],
)
def test_graded_spikes_are_sent_as_the_smallest_floats_that_hold_them(dtype, encoding):
    spikes = numpy.array([[0, 3, -2], [7, 1, 0]], dtype)
    tensor = sent_tensor(spikes)
    assert tensor["encoding"] == encoding
    sent_type = {"f32": "<f4", "f64": "<f8"}[encoding]
    floats = numpy.frombuffer(base64.b64decode(tensor["data"]), sent_type)
    numpy.testing.assert_array_equal(floats.reshape(tensor["shape"]), spikes)


def sent_sums(spikes):
    """The sums that were sent, and their encoding."""
    tensor = sent_tensor(spikes)
    assert tensor["shape"] == list(spikes.shape)
    assert tensor["summed"] == "time"
    dtype = {"u8": "<u1", "u16": "<u2", "u32": "<u4", "f64": "<f8"}[tensor["encoding"]]
    return numpy.frombuffer(base64.b64decode(tensor["data"]), dtype), tensor["encoding"]




@pytest.mark.usefixtures("adder")
@pytest.mark.parametrize("dtype", ["bool", "i1", "u1", "i8", "f2", "f4", "f8", ">f8", "float128"])
@pytest.mark.parametrize(
    "shape", [(9, 4), (4, 9, 6), (3, 41, 100), (50, 97, 3), (5, 100, 10), (2, 300, 2, 3), (4, 255, 1)]
)
def test_of_many_steps_only_counts_are_sent(dtype, shape):
    spikes = numpy.random.default_rng(1).random(shape) < 0.4
    sums, encoding = sent_sums(spikes.astype(dtype))
    axis = 1 if len(shape) > 2 else 0
    assert encoding == ("u8" if shape[axis] < 256 else "u16" if dtype != "bool" else "u32")
    numpy.testing.assert_array_equal(sums, spikes.sum(axis=axis).ravel())


@pytest.mark.usefixtures("adder")
@pytest.mark.parametrize("dtype", ["bool", "f4"])
@pytest.mark.parametrize("steps", [255, 256, 5000, 14043, 16383, 16384, 70000])
def test_spikes_at_every_step_are_all_counted(dtype, steps):
    sums, _ = sent_sums(numpy.ones((2, steps, 3), dtype))
    numpy.testing.assert_array_equal(sums, [steps] * 6)


@pytest.mark.usefixtures("adder")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(9, 4), (4, 9, 6), (50, 97, 3), (5, 100, 10), (2, 30, 300)])
def test_graded_spikes_are_summed_in_double_precision(dtype, shape):
    spikes = numpy.random.default_rng(2).normal(size=shape).astype(dtype)
    sums, encoding = sent_sums(spikes)
    expected = spikes.astype(float).sum(axis=1 if len(shape) > 2 else 0)
    assert encoding == "f64"
    numpy.testing.assert_allclose(sums, expected.ravel(), rtol=0, atol=1e-12)


@pytest.mark.usefixtures("adder")
@pytest.mark.parametrize("value", [-1, 0.5, 1 + 2**-23, 1e-45, numpy.nan, numpy.inf])
def test_one_graded_value_among_many_is_never_lost(value):
    spikes = numpy.zeros((5, 100, 10), numpy.float32)
    spikes[3, 77, 9] = value
    sums, encoding = sent_sums(spikes)
    assert encoding == "f64"
    numpy.testing.assert_array_equal(sums, spikes.astype(float).sum(axis=1).ravel())


def test_sums_are_as_good_as_the_spikes(client):
    spikes = (numpy.random.default_rng(3).random((4, 12, 6)) < 0.3).astype(float)
    counts = spikes.sum(axis=1)
    expected = client.balanced_population_mse(spikes, **POPULATION)
    for values in counts, counts.astype(numpy.uint8), counts.astype(numpy.float32), counts.tolist():
        given = client.balanced_population_mse(spikeloss.Sums(values, (4, 12, 6)), **POPULATION)
        assert (given.loss, given.diagnostics) == (expected.loss, expected.diagnostics)
        numpy.testing.assert_allclose(given.gradients.spk, expected.gradients.spk, rtol=1e-6)
    time_first = spikeloss.Sums(counts, (12, 4, 6))
    result = client.balanced_population_mse(time_first, **POPULATION, axes="time_batch_neurons")
    assert result.gradients.spk.shape == (12, 4, 6)
    with pytest.raises(ValueError, match=r"sums: expected the shape \[4, 6\].*not \[4, 12, 6\]"):
        client.balanced_population_mse(spikeloss.Sums(spikes, spikes.shape), **POPULATION)


def test_parts_of_a_batch_add_up_to_the_loss_of_the_whole(client):
    spikes = (numpy.random.default_rng(4).random((6, 20, 5)) < 0.3).astype(float)
    whole = client.firing_rate_target_mse_loss([spikes], [0.2], [3])
    total = sum(part.sum(axis=(0, 1)) for part in (spikes[:2], spikes[2:]))
    summed = spikeloss.Sums(total, spikes.shape, "batch_time")
    result = client.firing_rate_target_mse_loss([summed], [0.2], [3])
    assert (result.loss, result.diagnostics) == (whole.loss, whole.diagnostics)


@pytest.fixture
def added_by_threads(monkeypatch):
    """Spikes that two threads of PyTorch have added in this process."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(native, "library", None)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    spikes = numpy.ones((64, 100, 200), "f4")
    spikeloss.sums.time_sums(spikes)
    yield spikes
    torch.set_num_threads(threads)


def test_a_forked_process_does_not_wait_for_threads_of_its_parent(added_by_threads):
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        os._exit(int(spikeloss.sums.time_sums(added_by_threads).min() != 100))
    assert os.waitpid(child, 0)[1] == 0


def sum_after_import(spikes):
    importlib.reload(spikeloss.sums)
    assert spikeloss.sums.time_sums(spikes).min() == 100


def test_a_forked_worker_that_imports_the_client_does_not_wait_either(added_by_threads):
    forks = multiprocessing.get_context("fork")
    child = forks.Process(target=sum_after_import, args=(added_by_threads,))
    child.start()
    try:
        child.join(30)
        assert child.exitcode == 0
    finally:
        child.kill()
        child.join()


@pytest.mark.usefixtures("adder")
def test_views_of_any_memory_order_are_sent_row_by_row():
    packed = numpy.zeros((5, 9, 3), [("number", "i1"), ("spikes", "f4")])["spikes"]
    packed[2, 7, 1] = 1
    wide = numpy.ones((4, 9, 12), "f4")
    read_only = wide.copy()
    read_only.flags.writeable = False
    views = packed, wide[:, :, ::2], wide[:, ::-1], wide.T[::3].transpose(1, 2, 0), read_only
    views += SPIKES.T, SPIKES[::-1, ::2, 1:], numpy.broadcast_to(SPIKES[0], (3, 9, 6))
    for view in views:
        if view.shape[1] > 8:
            numpy.testing.assert_array_equal(sent_sums(view)[0], view.sum(axis=1).ravel())
        else:
            data = base64.b64decode(sent_tensor(view)["data"])
            assert data == numpy.packbits(view != 0).tobytes()


def test_what_is_no_real_number_is_refused_before_it_is_sent(client):
    for spikes in [1j], [0.5, 1j], ["x"], [None], numpy.array([0, object()]):
        with pytest.raises(TypeError, match=r"^spikes_list\[0\]: expected real numbers"):
            client.firing_rate_target_mse_loss([spikes], [0.5], [1])


@pytest.mark.parametrize("spikes", [[[[1, 0], [1]]], [[[1, 0], 1]], ((1, 0), (1,))])
def test_lists_of_unequal_lengths_are_named(client, spikes):
    with pytest.raises(ValueError, match="^spk: nested lists of unequal lengths or depths; give"):
        client.balanced_population_mse(spikes, **POPULATION)
    with pytest.raises(ValueError, match=r"^spikes_list\[1\]: nested lists of unequal lengths"):
        client.firing_rate_target_mse_loss([SPIKES, spikes], [0, 0], [1, 1])
    with pytest.raises(ValueError, match="^spk: nested lists of unequal lengths"):
        client.balanced_population_mse(spikeloss.Sums(spikes, (4, 9, 6)), **POPULATION)


@pytest.mark.parametrize("offsets", [{0.5}, [1j], (x for x in [0.5]), [object()]])
def test_what_has_no_list_of_numbers_is_named(client, offsets):
    with pytest.raises(TypeError, match="^offsets: expected numbers or lists of them, not "):
        client.firing_rate_target_mse_loss([SPIKES], offsets, [1])


def test_float32_is_answered_as_float32_and_everything_else_as_float64(client):
    for dtype, answer in (
        ("f4", "f4"),
        ("f8", "f8"),
        ("f2", "f8"),
        ("bool", "f8"),
        ("i8", "f8"),
    ):
        spk = SPIKES.astype(dtype)
        assert client.balanced_population_mse(spk, **POPULATION).gradients.spk.dtype == answer
        for wish in "f4", "f8":
            result = client.balanced_population_mse(spk, **POPULATION, gradient_dtype=wish)
            assert result.gradients.spk.dtype == wish
    for wish, shown in (numpy.int64, "int64"), ("foo", "'foo'"), (7, "7"):
        with pytest.raises(ValueError, match=f"^gradient_dtype: expected .* float64, not {shown}$"):
            client.balanced_population_mse(SPIKES, **POPULATION, gradient_dtype=wish)


def test_gradients_of_spikes_are_read_only_views_without_copies(client):
    gradient = client.balanced_population_mse(SPIKES, **POPULATION).gradients.spk
    assert gradient.shape == SPIKES.shape
    assert gradient.strides == (24, 0, 4)
    with pytest.raises(ValueError, match="read-only"):
        gradient[0, 0, 0] = 1
    layer = client.firing_rate_target_mse_loss([SPIKES], [0.1], [1]).gradients.spikes_list[0]
    assert layer.shape == SPIKES.shape
    assert layer.strides == (0, 0, 0)


def test_without_gradients_none_are_asked_for():
    assert sent(SPIKES, gradients=False)["gradient"] == "none"
    assert "gradient_encoding" not in sent(SPIKES, gradients=False)
    assert sent(SPIKES)["gradient"] == "broadcast"


def test_numbers_may_be_arrays_scalars_and_lists(client):
    plain = client.balanced_population_mse(SPIKES, **POPULATION)
    numpy_kinds = {
        "targets": numpy.array(POPULATION["targets"], numpy.uint8),
        "num_classes": numpy.int32(3),
        "neurons_per_class": numpy.array(2),
        "correct_rate": numpy.float64(0.8),
        "incorrect_rate": numpy.array(0.1),
    }
    assert client.balanced_population_mse(SPIKES, **numpy_kinds).loss == plain.loss
    assert client.balanced_population_mse(SPIKES.tolist(), **POPULATION).loss == plain.loss


@pytest.mark.parametrize("dtype", ["i1", "u1", "<i4", "<i8", ">i8", "u8"])
@pytest.mark.parametrize("number", [1, 63, 64, 5000])
@pytest.mark.parametrize("largest", [0, 9, 10, 127, 9999, 10000, -1])
def test_labels_of_any_number_and_width_are_sent_as_they_are(dtype, number, largest):
    labels = (numpy.arange(number) % (abs(largest) + 1)).astype(dtype)
    labels[-1:] = numpy.array(largest).astype(dtype)
    with stub.serving((422, {}, b"{}")) as server, spikeloss.Client(server.url) as client:
        with pytest.raises(spikeloss.InputError):
            client.balanced_population_mse(SPIKES, **POPULATION | {"targets": labels})
        assert server.requests[0][2]["targets"] == labels.tolist()


@pytest.mark.parametrize("number", [numpy.nan, numpy.inf, -numpy.inf])
def test_a_number_that_is_not_finite_is_named_by_the_server(client, number):
    with pytest.raises(spikeloss.InputError) as caught:
        client.firing_rate_target_mse_loss([SPIKES, SPIKES], [0.5, number], [1, 1])
    assert (caught.value.code, caught.value.pointer) == ("not_finite", "/offsets/1")


def test_what_json_has_no_word_for_is_sent_as_it_is():
    with stub.serving((422, {}, b"{}")) as server, spikeloss.Client(server.url) as client:
        with pytest.raises(spikeloss.InputError):
            client.firing_rate_target_mse_loss([[1], [1]], [numpy.nan, -numpy.inf], [1, 1])
        offsets = server.requests[0][2]["offsets"]
    assert str(offsets) == "[nan, -inf]"


def test_one_hot_targets_are_told_what_to_send_instead(client):
    one_hot = numpy.eye(3)[POPULATION["targets"]]
    with pytest.raises(spikeloss.InputError, match="send class indices, argmax"):
        client.balanced_population_mse(SPIKES, **POPULATION | {"targets": one_hot})


@pytest.mark.parametrize("layers, found", [(SPIKES, "ndarray"), (None, "NoneType"), (1, "int")])
def test_what_is_no_list_of_layers_is_named(client, layers, found):
    expected = rf"expected a list of arrays.* not {found}; for a single layer: \[spikes\]"
    with pytest.raises(TypeError, match=expected):
        client.firing_rate_target_mse_loss(layers, [0.5], [1])


def test_a_problem_carries_the_whole_document(client):
    with pytest.raises(spikeloss.InputError) as caught:
        client.balanced_population_mse(SPIKES, **POPULATION | {"targets": [0, 2, 1, 0.5]})
    error = caught.value
    assert error.status == 400
    assert error.code == "wrong_type"
    assert error.pointer == "/targets/3"
    assert error.offset > 0
    assert error.request_id == error.problem["instance"]
    assert error.problem["type"] == "urn:spikelossd:problem:wrong_type"
    assert isinstance(error, ValueError) and isinstance(error, spikeloss.SpikelossError)


def test_an_answer_that_is_no_problem_document_is_told_as_it_is():
    page = (403, {"X-Request-Id": "abc"}, b"<html>Forbidden</html>")
    with stub.serving(page) as server, spikeloss.Client(server.url) as client:
        with pytest.raises(spikeloss.ProblemError, match="Forbidden") as caught:
            stub.ask(client)
    assert not isinstance(caught.value, ValueError)
    assert (caught.value.status, caught.value.code) == (403, "unknown")
    assert caught.value.request_id == "abc"


def test_one_connection_serves_call_after_call():
    with stub.serving(stub.GOOD) as server, spikeloss.Client(server.url) as client:
        for _ in range(5):
            stub.ask(client)
        assert len(server.requests) == 5
        assert len(server.connections) == 1


def test_a_closed_client_goes_on():
    with stub.serving(stub.GOOD) as server:
        client = spikeloss.Client(server.url, retries=0)
        stub.ask(client)
        client.close()
        stub.ask(client)
        client.close()
        assert len(server.connections) == 2


def test_a_client_can_be_pickled(daemon):
    client = pickle.loads(pickle.dumps(spikeloss.Client(daemon.url, timeout=7)))
    assert stub.ask(client).loss == 0.25
    client.close()


def test_twenty_threads_warn_of_nothing(client, caplog):
    together = threading.Barrier(20)

    def work():
        together.wait(60)
        client.balanced_population_mse(SPIKES, **POPULATION)

    with caplog.at_level(logging.DEBUG):
        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert caplog.records == []


def test_without_a_server_the_error_says_how_to_start_one(tmp_path):
    for url in "http://127.0.0.1:1", f"unix:{tmp_path}/absent.sock":
        with spikeloss.Client(url, retries=0) as client:
            with pytest.raises(spikeloss.Unreachable, match="start a server with `spikelossd`") as e:
                stub.ask(client)
        assert url in str(e.value)


def test_a_file_for_tls_that_is_missing_is_named(tmp_path):
    missing = str(tmp_path / "ca.pem")
    with pytest.raises(FileNotFoundError, match=missing):
        spikeloss.Client("https://127.0.0.1:1", ca_file=missing)


def test_proxies_of_the_environment_are_not_for_this_machine(monkeypatch, program, tmp_path):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with stub.serving(stub.GOOD) as server:
        for url in server.url, server.url.replace("127.0.0.1", "localhost"):
            with spikeloss.Client(url, retries=0) as client:
                assert stub.ask(client).loss == 0.25


def test_other_machines_are_asked_through_the_proxy_of_the_environment(monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    with stub.serving(stub.GOOD) as server:
        monkeypatch.setenv("http_proxy", server.url.replace("http://", "http://me:se%3Acret@"))
        with spikeloss.Client("http://losses.invalid:8080/x", retries=0) as client:
            assert stub.ask(client).loss == 0.25
        monkeypatch.setenv("no_proxy", "losses.invalid")
        with spikeloss.Client("http://losses.invalid:8080/x", retries=0) as client:
            with pytest.raises(spikeloss.Unreachable):
                stub.ask(client)
        path, headers, _ = server.requests[0]
    assert path == "http://losses.invalid:8080/x/v1/losses/firing_rate_target_mse_loss"
    assert headers["Host"] == "losses.invalid:8080"
    assert base64.b64decode(headers["Proxy-Authorization"].split()[1]) == b"me:se:cret"


def test_threads_share_a_client(client):
    expected = client.balanced_population_mse(SPIKES, **POPULATION).loss
    losses = []

    def work():
        for _ in range(20):
            losses.append(client.balanced_population_mse(SPIKES, **POPULATION).loss)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert losses == [expected] * 240


def test_a_forked_process_opens_connections_of_its_own():
    with stub.serving(stub.GOOD) as server, spikeloss.Client(server.url) as client:
        stub.ask(client)
        child = multiprocessing.get_context("fork").Process(target=stub.ask, args=(client,))
        child.start()
        child.join(60)
        assert child.exitcode == 0
        stub.ask(client)
        assert len(server.requests) == 3
        assert len(server.connections) == 2


@pytest.mark.parametrize("spelling", ["unix:{}", "unix://{}"])
def test_a_unix_socket_is_as_good_as_a_port(program, client, tmp_path, spelling):
    path = tmp_path / "daemon.sock"
    daemon = Daemon(program, f"unix:{path}")
    with spikeloss.Client(spelling.format(path)) as over_unix:
        for _ in range(3):
            result = over_unix.balanced_population_mse(SPIKES, **POPULATION)
    daemon.stop()
    assert result.loss == client.balanced_population_mse(SPIKES, **POPULATION).loss


def test_a_token_is_sent_and_a_wrong_one_is_a_problem(program, tmp_path):
    (tmp_path / "tokens").write_text("training correct-horse-battery-staple\n")
    (tmp_path / "tokens").chmod(0o600)
    daemon = Daemon(program, "127.0.0.1:0", "--token-file", str(tmp_path / "tokens"))
    with spikeloss.Client(daemon.url, token="correct-horse-battery-staple") as client:
        assert stub.ask(client).loss == 0.25
    for token in None, "wrong":
        with spikeloss.Client(daemon.url, token=token) as client:
            with pytest.raises(spikeloss.ProblemError) as caught:
                stub.ask(client)
        assert caught.value.status == 401
    daemon.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key): PEM files for 127.0.0.1; the certificate signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    files = str(folder / "certificate.pem"), str(folder / "key.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=spikelossd", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run(
        ["openssl", "req", "-x509", *curve, *names, "-out", files[0], "-keyout", files[1]],
        check=True,
        capture_output=True,
    )
    return files


@pytest.fixture
def tls_daemon(program, certificate):
    pem, key = certificate
    daemon = Daemon(program, "127.0.0.1:0", "--tls-certificate", pem, "--tls-key", key)
    yield daemon
    daemon.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_https_trusts_an_authority_that_it_is_told_to(tls_daemon, certificate, host):
    url = tls_daemon.url.replace("127.0.0.1", host)
    assert url.startswith("https://")
    with spikeloss.Client(url, ca_file=certificate[0]) as client:
        assert stub.ask(client).loss == 0.25


def test_https_trusts_nobody_else(tls_daemon):
    with spikeloss.Client(tls_daemon.url) as client:
        with pytest.raises(spikeloss.Unreachable, match="certificate verify failed"):
            stub.ask(client)


def test_https_to_a_server_of_http_is_told_without_all_retries(daemon, caplog):
    """Now and then the random bytes of TLS are so little like HTTP that the server only closes."""
    with spikeloss.Client(daemon.url.replace("http:", "https:")) as client:
        with pytest.raises(spikeloss.Unreachable, match="; the server may speak http"):
            stub.ask(client)
    assert " 0 retries left" not in caplog.text


def test_https_trusts_a_certificate_only_for_its_own_name(program, certificate):
    pem, key = certificate
    daemon = Daemon(program, "127.0.0.2:0", "--tls-certificate", pem, "--tls-key", key)
    with spikeloss.Client(daemon.url, ca_file=pem) as client:
        with pytest.raises(spikeloss.Unreachable, match="doesn't match|not valid for"):
            stub.ask(client)
    daemon.stop()


def test_a_certificate_is_shown_to_a_server_that_wants_one(program, certificate):
    pem, key = certificate
    options = "--tls-certificate", pem, "--tls-key", key, "--client-ca", pem
    daemon = Daemon(program, "127.0.0.1:0", *options)
    with spikeloss.Client(daemon.url, ca_file=pem, certificate=pem, key=key) as client:
        assert stub.ask(client).loss == 0.25
    with spikeloss.Client(daemon.url, ca_file=pem, retries=0) as client:
        with pytest.raises(spikeloss.ProblemError) as caught:
            stub.ask(client)
    assert caught.value.status == 403
    daemon.stop()


def test_a_url_may_have_a_path_before_the_servers_own():
    with stub.serving(stub.GOOD) as server, spikeloss.Client(server.url + "/losses/") as client:
        stub.ask(client)
        assert server.requests[0][0] == "/losses/v1/losses/firing_rate_target_mse_loss"


def test_without_a_url_the_environment_says_where_the_server_is(monkeypatch):
    with stub.serving(stub.GOOD) as server:
        monkeypatch.setenv("SPIKELOSSD_URL", server.url)
        monkeypatch.setenv("SPIKELOSSD_TOKEN", "secret")
        with spikeloss.Client() as client:
            stub.ask(client)
        with spikeloss.Client(server.url) as client:
            stub.ask(client)
        sent_tokens = [headers["Authorization"] for _, headers, _ in server.requests]
    assert sent_tokens == ["Bearer secret", None]


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://host", "http://", "http://host/?x=1"])
def test_a_url_that_is_none_is_refused_at_once(url):
    with pytest.raises(ValueError, match="expected http://HOST:PORT"):
        spikeloss.Client(url)


def test_the_readme_does_what_it_says(daemon, program, monkeypatch, capsys):
    monkeypatch.setenv("PATH", os.path.dirname(program), prepend=os.pathsep)
    monkeypatch.setenv("SPIKELOSSD_URL", daemon.url)
    readme = (ROOT / "clients" / "python" / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    names = {}
    for block in blocks:
        if not block.startswith("spikeloss.Client(url,"):  # a signature
            exec(block.replace("http://127.0.0.1:8080", daemon.url), names)
    printed = capsys.readouterr().out
    assert printed.startswith("0.2499999999999999 [0.625 0.625 0.625 0.625] 0.25\n")
    assert printed.endswith("3.5\n")
    assert len(blocks) >= 5
