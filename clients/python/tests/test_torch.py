"""Autograd through the server beside the same losses written in PyTorch."""

import base64

import numpy
import pytest
import stub
import torch

import spikeloss
import spikeloss.torch
from spikeloss.torch import balanced_population_mse, firing_rate_target_mse_loss

RATES = torch.tensor([0.8, 0.1], dtype=torch.float64)


@pytest.fixture(autouse=True)
def served(client):
    spikeloss.torch.use_client(client)
    yield
    spikeloss.torch.use_client(None)


class InProcess:
    """Written from the formulas of docs/losses.md."""

    @staticmethod
    def firing_rate_target_mse_loss(spikes_list, offsets, multipliers):
        terms = zip(spikes_list, offsets, multipliers)
        return sum(((spikes.mean() - o) * m) ** 2 for spikes, o, m in terms)

    @staticmethod
    def balanced_population_mse(
        spk, targets, num_classes, neurons_per_class, correct_rate, incorrect_rate
    ):
        owners = torch.arange(num_classes).repeat_interleave(neurons_per_class)
        right = owners == torch.as_tensor(targets)[:, None]
        counts = spk.sum(dim=1)
        wanted = torch.where(right, correct_rate, incorrect_rate) * spk.shape[1]
        return ((counts - wanted) ** 2).mean()


def leaf(*shape, dtype=torch.float64, seed=0):
    values = torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return values.to(dtype).requires_grad_()


def spikes(*shape, dtype=torch.float64, seed=0):
    return (leaf(*shape, seed=seed).detach() < 0.3).to(dtype).requires_grad_()


def test_gradcheck_of_layers_offsets_and_multipliers():
    inputs = leaf(2, 3, 4), leaf(5, seed=1), leaf(2, seed=2), leaf(2, seed=3)
    assert torch.autograd.gradcheck(
        lambda a, b, offsets, multipliers: firing_rate_target_mse_loss(
            [a, b], offsets, multipliers
        ),
        inputs,
    )


def test_gradcheck_of_a_population_and_its_rates():
    assert torch.autograd.gradcheck(
        lambda spk, correct, incorrect: balanced_population_mse(
            spk, torch.tensor([2, 0]), 3, 2, correct, incorrect
        ),
        (leaf(2, 4, 6), leaf(seed=1), leaf(seed=2)),
    )


def test_gradcheck_where_the_loss_is_a_part_of_a_network():
    def network(weights, inputs):
        hidden = torch.tanh(inputs @ weights)
        rate = firing_rate_target_mse_loss([hidden, hidden**2], [0.1, weights.mean()], [2, 3])
        return rate + 5 * balanced_population_mse(hidden, [1, 0], 2, 2, 0.8, weights[0, 0])

    assert torch.autograd.gradcheck(network, (leaf(3, 4), leaf(2, 5, 3, seed=1)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_gradients_have_the_type_of_the_spikes_and_losses_at_least_float32(dtype):
    tolerance = {torch.float64: 1e-12, torch.float32: 1e-5}.get(dtype, 2e-2)
    for make in spikes, leaf:
        results = []
        for where in spikeloss.torch, InProcess:
            spk, hidden = make(3, 5, 6, dtype=dtype), make(3, 5, 7, dtype=dtype, seed=1)
            loss = where.balanced_population_mse(
                spk, torch.tensor([0, 1, 2]), 3, 2, *RATES
            ) + where.firing_rate_target_mse_loss([spk, hidden], [0.1, 0.2], [1.5, -2])
            assert loss.shape == ()
            loss.backward()
            assert spk.grad.dtype == hidden.grad.dtype == dtype
            results.append((loss.detach(), spk.grad, hidden.grad))
        served_loss = results[0][0]
        half = dtype in (torch.float16, torch.bfloat16)
        assert served_loss.dtype == (torch.float32 if half else dtype)
        for served_value, value in zip(*results):
            torch.testing.assert_close(
                served_value.double(), value.double(), rtol=tolerance, atol=tolerance * 1e-2
            )


LOSSES = {
    "firing_rate_target_mse_loss": {"offsets": [0.3], "multipliers": [1.5]},
    "balanced_population_mse": {
        "targets": [2, 0], "num_classes": 3, "neurons_per_class": 2, "correct_rate": 0.8,
        "incorrect_rate": 0.1,
    },
    "spike_count_mse": {
        "targets": [2, 0], "num_classes": 3, "correct_rate": 0.8, "incorrect_rate": 0.1,
        "per": "population", "measure": "rate", "reduction": "sum", "weight": 0.5,
    },
    "spike_count_cross_entropy": {
        "targets": [2, 0], "num_classes": 3, "label_smoothing": 0.1, "class_weights": [1, 2, 0.5],
    },
    "activity_regularization": {
        "lower": [0.45], "upper": [0.55], "weights": [3], "per": "neuron", "samples": "each",
    },
}  # fmt: skip


def call(where, loss, spk, **options):
    layers = loss in ("firing_rate_target_mse_loss", "activity_regularization")
    spikes_field = {"spikes_list": [spk]} if layers else {"spk": spk}
    return getattr(where, loss)(**spikes_field, **LOSSES[loss], **options)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_differentiable(loss):
    assert torch.autograd.gradcheck(lambda s: call(spikeloss.torch, loss, s), leaf(2, 12, 6))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("steps", [5, 40])
def test_every_layout_has_the_same_loss_and_its_own_gradients(client, loss, graded, steps):
    spk = (leaf if graded else spikes)(2, steps, 6)
    expected = call(spikeloss.torch, loss, spk)
    expected.backward()
    for axes, order in ("time_batch_neurons", (1, 0, 2)), ("batch_neurons_time", (0, 2, 1)):
        other = spk.detach().permute(order).contiguous().requires_grad_()
        served = call(spikeloss.torch, loss, other, axes=axes)
        served.backward()
        torch.testing.assert_close(served, expected, rtol=1e-13, atol=0)
        torch.testing.assert_close(other.grad, spk.grad.permute(order), rtol=1e-13, atol=1e-16)
        result = call(client, loss, other.detach().numpy(), axes=axes)
        given = result.gradients
        view = given.spk if hasattr(given, "spk") else given.spikes_list[0]
        numpy.testing.assert_array_equal(view, other.grad.numpy())
    with pytest.raises(ValueError, match="expected one of batch_time_neurons"):
        call(client, loss, numpy.ones((2, 3, 6)), axes="neurons_batch_time")


def test_bounds_and_weights_learn():
    layers = leaf(2, 3, 4), leaf(2, 3, 4, seed=1)
    bounds = leaf(2, seed=2), leaf(2, seed=3)
    assert torch.autograd.gradcheck(
        lambda lower, weights: spikeloss.torch.activity_regularization(
            layers, lower=lower + 0.5, upper=lower * 3 + 0.5, weights=weights
        ),
        bounds,
    )


def test_diagnostics_come_with_the_loss(client):
    spk = spikes(2, 12, 6)
    loss = call(spikeloss.torch, "spike_count_cross_entropy", spk)
    told = spikeloss.torch.diagnostics(loss)
    assert told == call(client, "spike_count_cross_entropy", spk.detach().numpy()).diagnostics
    assert told["steps"] == 12
    with pytest.raises(ValueError, match="the tensor that a loss returned"):
        spikeloss.torch.diagnostics(loss * 2)


def test_a_tensor_without_a_gradient_must_not_want_one():
    fields = {"targets": [0], "num_classes": 2, "weight": torch.ones((), requires_grad=True)}
    with pytest.raises(ValueError, match=r"weight: the loss has no gradient for it"):
        spikeloss.torch.evaluate("spike_count_cross_entropy", spk=spikes(1, 2, 2), **fields)


def test_a_tensor_is_not_a_list_of_layers():
    for layers, found in (spikes(1, 2, 3), "Tensor"), (None, "NoneType"):
        expected = rf"expected a list of tensors.* not {found}; .*: \[spikes\]"
        with pytest.raises(TypeError, match=expected):
            firing_rate_target_mse_loss(layers, [0.5], [1])


@pytest.mark.parametrize("layer", [numpy.eye(3), [[1, 0]], None])
def test_spikes_that_are_no_tensor_are_refused(layer):
    with pytest.raises(TypeError, match=r"expected a tensor, not .*; torch.as_tensor\(\) makes one"):
        firing_rate_target_mse_loss([layer], [0.5], [1])


def test_a_url_is_no_client():
    with pytest.raises(TypeError, match=r"give spikeloss.Client\('http://127.0.0.1:1'\)"):
        spikeloss.torch.use_client("http://127.0.0.1:1")


def test_spikes_without_a_floating_type_give_a_loss_of_the_default_type():
    for dtype in torch.bool, torch.uint8, torch.int64:
        spk = torch.ones(1, 2, 2, dtype=dtype)
        loss = balanced_population_mse(spk, [0], 2, 1, 0.5, 0.5)
        assert loss.dtype == torch.get_default_dtype()
        assert loss.item() == 1


def test_layers_of_several_types_give_a_loss_of_the_larger():
    loss = firing_rate_target_mse_loss([spikes(4), spikes(4, dtype=torch.float32)], [0, 0], [1, 1])
    assert loss.dtype == torch.float64


def test_numbers_of_python_keep_all_their_digits():
    layer = torch.zeros(4, dtype=torch.float64)
    assert firing_rate_target_mse_loss([layer], [0.1], [3.7]).item() == (0.1 * 3.7) ** 2
    parameter = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    mixed = firing_rate_target_mse_loss([layer, layer], [0.1, parameter], [3.7, 0])
    assert mixed.item() == (0.1 * 3.7) ** 2


def test_parameters_learn_wherever_they_come_from():
    together = leaf(2, dtype=torch.float32)
    apart = [together[0].detach().requires_grad_(), together[1].detach().requires_grad_()]
    layers = [spikes(3, 4), spikes(5)]
    firing_rate_target_mse_loss(layers, together, numpy.array([1.0, 2.0])).backward()
    firing_rate_target_mse_loss(layers, apart, (1, 2)).backward()
    assert together.grad.dtype == torch.float32
    assert together.grad.tolist() == [parameter.grad.item() for parameter in apart]
    rate = torch.tensor([0.8], requires_grad=True)
    balanced_population_mse(spikes(1, 2, 4), [0], 2, 2, rate, 0.1).backward()
    assert rate.grad.shape == (1,)


def test_gradients_reach_the_network_without_a_dense_copy():
    seen = []
    layer = leaf(2, 100, 6)
    output = layer * 1
    output.register_hook(lambda gradient: seen.append(gradient.stride()))
    balanced_population_mse(output, [0, 1], 3, 2, 0.8, 0.1).backward(retain_graph=True)
    firing_rate_target_mse_loss([output], [0.1], [1]).backward()
    assert seen == [(6, 0, 1), (0, 0, 0)]
    assert layer.grad.is_contiguous()


def test_gradients_scale_with_what_comes_from_above_and_add_up():
    spk = spikes(2, 4, 6)
    loss = balanced_population_mse(spk, [0, 1], 3, 2, 0.8, 0.1)
    loss.backward(retain_graph=True)
    once = spk.grad.clone()
    (loss * -3).backward()
    torch.testing.assert_close(spk.grad, once * -2)


@pytest.mark.parametrize("steps", [1, 4])
def test_what_a_program_does_to_a_gradient_changes_no_later_one(steps):
    spk = spikes(2, steps, 6)
    loss = balanced_population_mse(spk, [0, 1], 3, 2, 0.8, 0.1)
    (first,) = torch.autograd.grad(loss, spk, retain_graph=True)
    kept = first.clone()
    first[:, 0].zero_()
    (second,) = torch.autograd.grad(loss, spk)
    assert torch.equal(second, kept)


def test_only_what_is_needed_is_asked_for():
    with stub.serving(stub.GOOD) as server, spikeloss.Client(server.url) as client:
        spikeloss.torch.use_client(client)
        learned = leaf(1)
        firing_rate_target_mse_loss([learned.detach()], [0.5], [1])
        with torch.no_grad():
            firing_rate_target_mse_loss([learned], [0.5], [1])
        firing_rate_target_mse_loss([learned], [0.5], [1])
        firing_rate_target_mse_loss([torch.ones(1)], learned, [1])
        bodies = [body for _, _, body in server.requests]
    asked = [(body["gradient"], body.get("gradient_encoding")) for body in bodies]
    assert asked == [("none", None), ("none", None), ("broadcast", "indexed_f64"), ("broadcast", "indexed_f32")]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_what_numpy_does_not_have_is_summed_by_pytorch(dtype):
    """So are tensors of a GPU: only the sums travel."""
    binary, graded = spikes(3, 300, 6, dtype=dtype), leaf(3, 300, 6, dtype=dtype)
    with stub.serving((422, {}, b"{}")) as server, spikeloss.Client(server.url) as client:
        spikeloss.torch.use_client(client)
        for axes, order in ("batch_time_neurons", (0, 1, 2)), ("batch_neurons_time", (0, 2, 1)):
            layers = [binary.permute(order), graded.permute(order)]
            with pytest.raises(spikeloss.InputError):
                firing_rate_target_mse_loss(layers, [0, 0], [1, 1], axes=axes)
        for _, _, body in server.requests:
            counts, sums = body["spikes_list"]
            assert (counts["encoding"], counts["summed"]) == ("u16", "time")
            assert sums["encoding"] == "f64"
            values = numpy.frombuffer(base64.b64decode(sums["data"])).reshape(3, 6)
            expected = graded.detach().double().sum(dim=1).numpy()
            numpy.testing.assert_allclose(values, expected, rtol=1e-14)


def test_a_loss_without_differentiable_inputs_is_a_plain_number():
    assert not firing_rate_target_mse_loss([torch.ones(2, 3)], [0.5], [1]).requires_grad


def test_second_derivatives_are_an_error_not_a_zero():
    spk = leaf(1, 2, 2)
    loss = balanced_population_mse(spk, [0], 2, 1, 0.8, 0.1)
    (gradient,) = torch.autograd.grad(loss, spk, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_the_environment_names_the_server(monkeypatch, daemon):
    spikeloss.torch.use_client(None)
    monkeypatch.setenv("SPIKELOSSD_URL", daemon.url)
    assert firing_rate_target_mse_loss([torch.ones(1)], [0.5], [1]).item() == 0.25
    spikeloss.torch.current_client().close()


def test_training_through_the_server_takes_the_same_path_as_in_process():
    """Both losses, three layers of sigmoid rates, fifty steps of plain gradient descent."""

    def train(where):
        weights = leaf(4, 6)
        inputs = leaf(3, 7, 4, seed=1).detach()
        path = []
        for _ in range(50):
            spk = torch.sigmoid(inputs @ weights - 2)
            loss = where.balanced_population_mse(
                spk, torch.tensor([0, 1, 2]), 3, 2, *RATES
            ) + where.firing_rate_target_mse_loss([spk, spk.mean(dim=1)], [0.2, 0.3], [3.0, 1.0])
            (slope,) = torch.autograd.grad(loss, weights)
            weights = (weights - 1.0 * slope).detach().requires_grad_()
            path.append(loss.item())
        return path

    path, expected = train(spikeloss.torch), train(InProcess)
    assert path == pytest.approx(expected, rel=1e-6)
    assert path[-1] < path[0] * 0.6
