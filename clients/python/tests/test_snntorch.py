"""Every loss beside what its library computed in double precision, and snnTorch's by its names."""

import json

import numpy
import pytest
import torch
from conftest import ROOT

import spikeloss.snntorch
import spikeloss.torch

TABLE = json.loads((ROOT / "tests" / "golden" / "library_cases.json").read_text())
CASES = TABLE["cases"]
SNNTORCH = [case for case in CASES if case["source"].startswith("snnTorch ")]


@pytest.fixture(autouse=True)
def served(client):
    spikeloss.torch.use_client(client)
    yield
    spikeloss.torch.use_client(None)


def source(case):
    return case["source"]


def spikes_of(case):
    """[batch, time, neurons], from one text of zeros and ones for each step of each sample."""
    rows = TABLE["spikes"][case["spikes"]]
    return numpy.array([[list(map(float, step)) for step in sample] for sample in rows])


def small(gradient, batch, neurons):
    """As [batch][neuron]: the cases have it without the axis of time along which it repeats."""
    return numpy.broadcast_to(gradient, (batch, gradient.shape[1], neurons))[:, 0]


@pytest.mark.parametrize("case", CASES, ids=source)
def test_the_client_has_the_numbers_of_the_library(client, case):
    layers = case["loss"] == "activity_regularization"
    spikes = {"spikes_list": [spikes_of(case)]} if layers else {"spk": spikes_of(case)}
    fields, expected = spikes | case["request"], case["expected"]
    result = getattr(client, case["loss"])(**fields)
    generic = client.evaluate(case["loss"], **fields)
    assert result.loss == generic.loss == pytest.approx(expected["loss"], rel=1e-12)
    gradients = generic.gradients
    given = gradients["spikes_list"][0] if layers else gradients["spk"]
    wanted = numpy.array(expected["gradient"])
    numpy.testing.assert_allclose(small(given, *wanted.shape), wanted, rtol=1e-12, atol=1e-15)


def snntorch_loss(case):
    """The call of snnTorch that a case is about."""
    request = case["request"]
    kind = source(case).split(",")[0].split()[1]
    population = "population_code" in source(case)
    code = {"population_code": True, "num_classes": request["num_classes"]} if population else {}
    if kind == "mse_count_loss":
        rates = request["correct_rate"], request["incorrect_rate"]
        return spikeloss.snntorch.mse_count_loss(*rates, **code)
    if kind == "ce_count_loss":
        weight = request.get("class_weights")
        weight = None if weight is None else torch.tensor(weight, dtype=torch.float64)
        return spikeloss.snntorch.ce_count_loss(weight=weight, **code)
    spikes = spikes_of(case)
    factor = spikes.shape[1] / spikes.size
    return spikeloss.snntorch.l1_rate_sparsity(request["weights"][0] * factor)


@pytest.mark.parametrize("case", SNNTORCH, ids=source)
def test_snntorchs_names_have_its_numbers(case):
    request, expected = case["request"], case["expected"]
    time_first = torch.from_numpy(spikes_of(case)).transpose(0, 1).contiguous().requires_grad_()
    targets = [torch.tensor(request["targets"])] if "targets" in request else []
    loss = snntorch_loss(case)(time_first, *targets)
    loss.backward()
    assert loss.item() == pytest.approx(expected["loss"], rel=1e-12)
    for step in time_first.grad.numpy():
        numpy.testing.assert_allclose(step, expected["gradient"], rtol=1e-12, atol=1e-15)


def test_snntorchs_sparsity_has_a_gradient_in_a_silent_network():
    spk = torch.zeros(3, 2, 4, requires_grad=True)
    loss = spikeloss.snntorch.l1_rate_sparsity(0.25)(spk)
    loss.backward()
    assert loss.item() == 0
    assert (spk.grad == 0.25).all()


def test_snntorchs_names_refuse_what_they_cannot_reproduce():
    for wrong in {"reduction": "none"}, {"population_code": True}:
        with pytest.raises(ValueError):
            spikeloss.snntorch.ce_count_loss(**wrong)
    with pytest.raises(NotImplementedError):
        spikeloss.snntorch.mse_count_loss(weight=torch.ones(3))
