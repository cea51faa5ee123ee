"""The table that all clients agree with, tests/golden/cases.json, through plain HTTP, the NumPy
client, and PyTorch. tests/golden/make_vectors.py says what its members mean."""

import json
import urllib.error
import urllib.request

import numpy
import pytest
import torch
from conftest import read_cases

import spikeloss
import spikeloss.torch

CASES = read_cases()
REFUSED = [case for case in CASES if "problem" in case]
ANSWERED = [case for case in CASES if "expect" in case]


def name(case):
    return f"{case['loss']}: {case['name']}"


def tolerance(dtype):
    if dtype == numpy.float32:
        return {"rtol": 1e-7, "atol": 1e-45}
    return {"rtol": 1e-12, "atol": 0}


def assert_gradient(got, want, shape, dtype=None):
    got = numpy.asarray(got, dtype)
    expected = numpy.reshape(want["data"], want["shape"])
    assert got.shape == shape
    numpy.testing.assert_allclose(got, numpy.broadcast_to(expected, shape), **tolerance(got.dtype))


def assert_close(got, want):
    """Numbers hold closely, everything else, counts and flags, exactly."""
    assert type(got) is type(want) or {type(got), type(want)} == {int, float}
    if isinstance(want, dict):
        assert list(got) == list(want)
        for member in want:
            assert_close(got[member], want[member])
    elif isinstance(want, list):
        assert len(got) == len(want)
        for pair in zip(got, want):
            assert_close(*pair)
    else:
        assert got == pytest.approx(want, rel=1e-12, abs=0)


def post(url, case, **options):
    """The request as the table has it, sent without spikeloss."""
    body = case["request"] | options | case.get("options", {})
    text = json.dumps(body).replace("Infinity", "1e999")
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/losses/{case['loss']}", text.encode(), headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def ask(client, case):
    return getattr(client, case["loss"])(
        **case["request"],
        gradients=case.get("options", {}).get("gradient") != "none",
        gradient_dtype=gradient_dtype(case),
    )


def gradient_dtype(case):
    encoding = case.get("options", {}).get("gradient_encoding")
    return {"f32": "float32", "f64": "float64", None: None}[encoding]


def test_the_table_has_both_losses_answered_and_refused_with_and_without_options():
    kinds = {(case["loss"], "problem" in case, "options" in case) for case in CASES}
    assert len(kinds) >= 7
    assert len(set(map(name, CASES))) == len(CASES)


@pytest.mark.parametrize("case", [c for c in ANSWERED if "options" not in c], ids=name)
def test_plain_http_gives_what_the_table_says(daemon, case):
    status, answer = post(daemon.url, case, gradient="broadcast")
    assert status == 200
    assert_close(answer, case["expect"])


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_plain_http_is_refused_as_the_table_says(daemon, case):
    status, problem = post(daemon.url, case)
    assert problem | case["problem"] == problem
    assert status == case["problem"]["status"]


@pytest.mark.parametrize("case", ANSWERED, ids=name)
def test_the_client_gives_what_the_table_says(client, backend, case):
    result = ask(client, case)
    expect = case["expect"]
    assert_close(result.loss, expect["loss"])
    assert_close(result.diagnostics, expect["diagnostics"])
    if case.get("options", {}).get("gradient") == "none":
        with pytest.raises(AttributeError, match="gradients=False"):
            result.gradients
        return
    request, gradients, dtype = case["request"], expect["gradients"], gradient_dtype(case)
    if "spk" in request:
        shape = numpy.shape(request["spk"])
        assert_gradient(result.gradients.spk, gradients["spk"], shape, dtype)
        assert_close(result.gradients.correct_rate, gradients["correct_rate"])
        assert_close(result.gradients.incorrect_rate, gradients["incorrect_rate"])
    else:
        layers = request["spikes_list"]
        assert len(result.gradients.spikes_list) == len(layers)
        for got, want, layer in zip(
            result.gradients.spikes_list, gradients["spikes_list"], layers
        ):
            assert_gradient(got, want, numpy.shape(layer), dtype)
        assert_close(numpy.asarray(result.gradients.offsets).tolist(), gradients["offsets"])
        assert_close(numpy.asarray(result.gradients.multipliers).tolist(), gradients["multipliers"])


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_the_client_raises_the_servers_problem(client, backend, case):
    with pytest.raises(ValueError) as caught:
        ask(client, case)
    error = caught.value
    assert isinstance(error, spikeloss.InputError)
    assert error.problem | case["problem"] == error.problem
    assert (error.status, error.code) == (case["problem"]["status"], case["problem"]["code"])
    assert error.detail in str(error) and error.request_id in str(error)


@pytest.fixture
def torch_client(client):
    spikeloss.torch.use_client(client)
    yield
    spikeloss.torch.use_client(None)


def leaf(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("case", [c for c in ANSWERED if "options" not in c], ids=name)
def test_pytorch_gives_what_the_table_says(torch_client, case):
    request, gradients = case["request"], case["expect"]["gradients"]
    if "spk" in request:
        leaves = {key: leaf(request[key]) for key in ("spk", "correct_rate", "incorrect_rate")}
        loss = spikeloss.torch.balanced_population_mse(**request | leaves)
        spikes, wanted = [leaves.pop("spk")], [gradients["spk"]]
    else:
        spikes, wanted = [leaf(layer) for layer in request["spikes_list"]], gradients["spikes_list"]
        leaves = {key: leaf(request[key]) for key in ("offsets", "multipliers")}
        loss = spikeloss.torch.firing_rate_target_mse_loss(spikes, **leaves)
    loss.backward()
    assert_close(loss.item(), case["expect"]["loss"])
    for tensor, want in zip(spikes, wanted):
        assert_gradient(tensor.grad.numpy(), want, tuple(tensor.shape))
    for key, parameter in leaves.items():
        assert_close(parameter.grad.tolist(), gradients[key])


@pytest.mark.parametrize("case", [c for c in REFUSED if "options" not in c], ids=name)
def test_pytorch_raises_the_servers_problem(torch_client, case):
    request = case["request"]
    with pytest.raises(spikeloss.InputError) as caught:
        if "spk" in request:
            spikeloss.torch.balanced_population_mse(**request | {"spk": leaf(request["spk"])})
        else:
            spikes = [leaf(layer) for layer in request["spikes_list"]]
            spikeloss.torch.firing_rate_target_mse_loss(**request | {"spikes_list": spikes})
    assert caught.value.problem | case["problem"] == caught.value.problem
