"""The losses for PyTorch, with the signatures of `nwavesdk.loss` and with autograd. To use them,
change the import line.

    from spikeloss.torch import balanced_population_mse, firing_rate_target_mse_loss

The server is that of `use_client`, or the environment variable SPIKELOSSD_URL.
Tensors may have any device and floating type. Losses and gradients have the same.
There are no second derivatives: to differentiate a gradient is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Optional, Union

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikeloss.client import Client

Number = Union[float, Tensor]
Numbers = Union[Tensor, Sequence[Number]]

_client: Optional[Client] = None


def use_client(client: Optional[Client]) -> None:
    """Sets the client that computes all losses; None: the client of the environment."""
    global _client
    _client = client


def current_client() -> Client:
    """The client that computes all losses."""
    global _client
    if _client is None:
        _client = Client()
    return _client


def firing_rate_target_mse_loss(
    spikes_list: Iterable[Tensor], offsets: Numbers, multipliers: Numbers
) -> Tensor:
    """Sum over layers of ((mean rate - offset) * multiplier)^2, a scalar.

    spikes_list  one tensor a layer, typically [batch, time, neurons]
    offsets      the target rate of each layer, in spikes per neuron and time step
    multipliers  the weight of each layer

    Differentiable in all three.
    """
    layers = list(spikes_list)
    targets, weights = _tensor(offsets), _tensor(multipliers)
    inputs = [*layers, targets, weights]
    result = current_client().firing_rate_target_mse_loss(
        [_array(layer) for layer in layers],
        targets.tolist(),
        weights.tolist(),
        gradients=_differentiable(inputs),
        gradient_dtype=_gradient_dtype(layers),
    )

    def gradients() -> list[NDArray[Any]]:
        found = result.gradients
        return [*map(_constant_part, found.spikes_list), found.offsets, found.multipliers]

    return _loss(result.loss, layers, inputs, gradients)


def balanced_population_mse(
    spk: Tensor,
    targets: Union[Tensor, Sequence[int]],
    num_classes: int,
    neurons_per_class: int,
    correct_rate: Number,
    incorrect_rate: Number,
) -> Tensor:
    """Mean over samples and neurons of (spike count - target count)^2, a scalar.

    spk                [batch, time, output_neurons]; class k owns the neurons from
                       k * neurons_per_class to (k + 1) * neurons_per_class - 1
    targets            the class of each sample
    correct_rate       the rate to reach in the target's population, in spikes per time step
    incorrect_rate     the same for all other neurons

    Differentiable in spk, correct_rate and incorrect_rate.
    """
    correct, incorrect = _tensor(correct_rate), _tensor(incorrect_rate)
    inputs = [spk, correct, incorrect]
    result = current_client().balanced_population_mse(
        _array(spk),
        targets.tolist() if isinstance(targets, Tensor) else targets,
        num_classes,
        neurons_per_class,
        correct.item(),
        incorrect.item(),
        gradients=_differentiable(inputs),
        gradient_dtype=_gradient_dtype([spk]),
    )

    def gradients() -> list[NDArray[Any]]:
        found = result.gradients
        rates = numpy.array(found.correct_rate), numpy.array(found.incorrect_rate)
        return [_constant_part(found.spk), *rates]

    return _loss(result.loss, [spk], inputs, gradients)


class _ServedLoss(torch.autograd.Function):
    """A number whose derivatives are known: one array for each input, which broadcasts to it."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, loss: Tensor, gradients: Callable[[], list[NDArray[Any]]], *inputs: Tensor
    ) -> Tensor:
        ctx.gradients = gradients
        ctx.likes = [(tensor.shape, tensor.dtype, tensor.device) for tensor in inputs]
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:  # type: ignore[override]
        # With create_graph, gradients must not look constant, whether or not the incoming gradient
        # is: otherwise second derivatives would be zeros instead of errors.
        if torch.is_grad_enabled() and not upstream.requires_grad:
            upstream = upstream.detach().requires_grad_()
        return _ServedLoss.first_derivatives(ctx, upstream)

    @staticmethod
    @once_differentiable  # type: ignore[misc]
    def first_derivatives(ctx: Any, upstream: Tensor) -> tuple[Optional[Tensor], ...]:
        needed = ctx.needs_input_grad[2:]
        return None, None, *(
            # Expanded, not copied: all steps of an axis share one number.
            (torch.as_tensor(gradient, device=device) * upstream.to(device)).to(dtype).expand(shape)
            if is_needed
            else None
            for is_needed, gradient, (shape, dtype, device) in zip(
                needed, ctx.gradients(), ctx.likes
            )
        )


def _loss(
    value: float,
    spikes: Sequence[Tensor],
    inputs: Sequence[Tensor],
    gradients: Callable[[], list[NDArray[Any]]],
) -> Tensor:
    """The loss has the type and the device of the spikes."""
    dtype = torch.get_default_dtype()
    if spikes and all(tensor.is_floating_point() for tensor in spikes):
        dtype = spikes[0].dtype
        for tensor in spikes[1:]:
            dtype = torch.promote_types(dtype, tensor.dtype)
    device = spikes[0].device if spikes else None
    loss: Tensor = _ServedLoss.apply(
        torch.tensor(value, dtype=dtype, device=device), gradients, *inputs
    )
    return loss


def _tensor(value: Union[Number, Numbers]) -> Tensor:
    """Python's numbers keep all their digits; a list that mixes them with tensors stays
    differentiable."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Sequence) and any(isinstance(number, Tensor) for number in value):
        numbers = [torch.as_tensor(number, dtype=torch.float64, device="cpu") for number in value]
        return torch.stack(numbers)
    return torch.as_tensor(value, dtype=torch.float64)


def _array(spikes: Tensor) -> NDArray[Any]:
    plain = spikes.detach().cpu()
    if plain.dtype == torch.bfloat16:  # which NumPy does not have
        plain = plain.float()
    array: NDArray[Any] = plain.numpy()
    return array


def _constant_part(view: NDArray[Any]) -> NDArray[Any]:
    """One step of each axis that a broadcast view repeats."""
    steps = tuple(slice(1) if stride == 0 else slice(None) for stride in view.strides)
    return view[steps].copy()


def _differentiable(inputs: Sequence[Tensor]) -> bool:
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs)


def _gradient_dtype(spikes: Sequence[Tensor]) -> type:
    double = any(tensor.dtype == torch.float64 for tensor in spikes)
    return numpy.float64 if double else numpy.float32
