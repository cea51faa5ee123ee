"""The losses for PyTorch, with autograd. The first two have the signatures of `nwavesdk.loss`: to
use them, change the import line.

    from spikeloss.torch import balanced_population_mse, firing_rate_target_mse_loss

The server is that of `use_client`, or the environment variable SPIKELOSSD_URL.
Tensors may have any device and floating type. Gradients have the same; so has the loss, but that of
half-precision spikes is float32. `diagnostics(loss)` is what the server said beside the loss.
There are no second derivatives: to differentiate a gradient is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Optional, Union

try:
    import numpy
    import torch
    from numpy.typing import NDArray
    from torch import Tensor
    from torch.autograd.function import once_differentiable
except ModuleNotFoundError as error:
    missing = f"spikeloss.torch needs NumPy and PyTorch: pip install 'spikeloss[torch]' ({error})"
    raise ModuleNotFoundError(missing, name=error.name) from None

from spikeloss.client import Client, Integer, Measure, Real, Reduction
from spikeloss.layout import Axes, Sums, time_axis

Number = Union[Real, Tensor]
Numbers = Union[Tensor, NDArray[Any], Sequence[Number]]
Gradient = Union[float, NDArray[Any]]
Labels = Union[Tensor, NDArray[Any], Sequence[int]]

_HALF = (torch.float16, torch.bfloat16)

_client: Optional[Client] = None


def use_client(client: Optional[Client]) -> None:
    """Sets the client that computes all losses; None: the client of the environment."""
    global _client
    if isinstance(client, str):
        raise TypeError(f"use_client: expected a client, not a URL; give spikeloss.Client({client!r})")
    _client = client


def current_client() -> Client:
    """The client that computes all losses."""
    global _client
    if _client is None:
        _client = Client()
    return _client


def diagnostics(loss: Tensor) -> Mapping[str, Any]:
    """What the server said beside this loss: accuracy, rates, silent neurons, sizes as read. `loss`
    is the very tensor that a function of this module returned."""
    found: Optional[Mapping[str, Any]] = getattr(loss, "_spikeloss_diagnostics", None)
    if found is None:
        raise ValueError("diagnostics: expected the tensor that a loss returned, not a result of it")
    return found


def firing_rate_target_mse_loss(
    spikes_list: Iterable[Tensor],
    offsets: Numbers,
    multipliers: Numbers,
    *,
    axes: Axes = "batch_time_neurons",
) -> Tensor:
    """Sum over layers of ((mean rate - offset) * multiplier)^2, a scalar.

    spikes_list  one tensor a layer, typically [batch, time, neurons]
    offsets      the target rate of each layer, in spikes per neuron and time step
    multipliers  the weight of each layer

    Differentiable in all three.
    """
    return evaluate(
        "firing_rate_target_mse_loss",
        axes=axes,
        spikes_list=spikes_list,
        offsets=offsets,
        multipliers=multipliers,
    )


def balanced_population_mse(
    spk: Tensor,
    targets: Labels,
    num_classes: Integer,
    neurons_per_class: Integer,
    correct_rate: Number,
    incorrect_rate: Number,
    *,
    axes: Axes = "batch_time_neurons",
) -> Tensor:
    """Mean over samples and neurons of (spike count - target count)^2, a scalar.

    spk                [batch, time, output_neurons]; class k owns the neurons from
                       k * neurons_per_class to (k + 1) * neurons_per_class - 1
    targets            the class of each sample
    correct_rate       the rate to reach in the target's population, in spikes per time step
    incorrect_rate     the same for all other neurons

    Differentiable in spk, correct_rate and incorrect_rate.
    """
    return evaluate(
        "balanced_population_mse",
        axes=axes,
        spk=spk,
        targets=targets,
        num_classes=num_classes,
        neurons_per_class=neurons_per_class,
        correct_rate=_scalar(correct_rate),
        incorrect_rate=_scalar(incorrect_rate),
    )


def spike_count_mse(
    spk: Tensor,
    targets: Labels,
    num_classes: Integer,
    correct_rate: Number,
    incorrect_rate: Number,
    *,
    per: Literal["neuron", "population"] = "neuron",
    measure: Measure = "count",
    truncate: bool = False,
    reduction: Reduction = "mean",
    weight: Real = 1.0,
    axes: Axes = "batch_time_neurons",
) -> Tensor:
    """weight * mean over samples and units of (count or rate - target)^2, a scalar; the arguments
    are those of `Client.spike_count_mse`.

    Differentiable in spk, correct_rate and incorrect_rate.
    """
    return evaluate(
        "spike_count_mse",
        axes=axes,
        spk=spk,
        targets=targets,
        num_classes=num_classes,
        correct_rate=_scalar(correct_rate),
        incorrect_rate=_scalar(incorrect_rate),
        per=per,
        measure=measure,
        truncate=truncate,
        reduction=reduction,
        weight=weight,
    )


def spike_count_cross_entropy(
    spk: Tensor,
    targets: Labels,
    num_classes: Integer,
    *,
    measure: Measure = "count",
    label_smoothing: Real = 0.0,
    class_weights: Optional[Numbers] = None,
    reduction: Reduction = "mean",
    weight: Real = 1.0,
    axes: Axes = "batch_time_neurons",
) -> Tensor:
    """Cross entropy of the softmax of each class's spike count, a scalar; the arguments are those of
    `Client.spike_count_cross_entropy`.

    Differentiable in spk.
    """
    return evaluate(
        "spike_count_cross_entropy",
        axes=axes,
        spk=spk,
        targets=targets,
        num_classes=num_classes,
        measure=measure,
        label_smoothing=label_smoothing,
        class_weights=class_weights,
        reduction=reduction,
        weight=weight,
    )


def activity_regularization(
    spikes_list: Iterable[Tensor],
    *,
    lower: Optional[Numbers] = None,
    upper: Optional[Numbers] = None,
    weights: Optional[Numbers] = None,
    per: Literal["layer", "neuron"] = "layer",
    samples: Literal["mean", "each"] = "mean",
    measure: Measure = "rate",
    norm: Literal["l1", "l2"] = "l2",
    reduction: Reduction = "mean",
    axes: Axes = "batch_time_neurons",
) -> Tensor:
    """What the activity of layers, or of neurons, costs outside its bounds, a scalar; the arguments
    are those of `Client.activity_regularization`.

    Differentiable in spikes_list, lower, upper and weights.
    """
    return evaluate(
        "activity_regularization",
        axes=axes,
        spikes_list=spikes_list,
        lower=lower,
        upper=upper,
        weights=weights,
        per=per,
        samples=samples,
        measure=measure,
        norm=norm,
        reduction=reduction,
    )


def evaluate(loss: str, /, *, axes: Axes = "batch_time_neurons", **fields: Any) -> Tensor:
    """Any loss of the server, by name and fields, a scalar: GET /v1/losses describes them.

    Differentiable in every tensor for which the server gives a gradient; that another one requires
    its gradient is an error.
    """
    spikes: list[Tensor] = []
    inputs: dict[str, list[Tensor]] = {}
    members: dict[str, Any] = {}
    for name, value in fields.items():
        if name in ("spk", "spikes_list"):
            inputs[name] = [value] if name == "spk" else _layers(value)
            spikes += inputs[name]
            given = [_spikes(tensor, axes) for tensor in inputs[name]]
            members[name] = given[0] if name == "spk" else given
        elif _has_tensors(value):
            tensor = _tensor(value)
            inputs[name] = [tensor]
            members[name] = tensor.tolist() if tensor.is_floating_point() else _array(tensor)
        else:
            members[name] = value
    flat = [tensor for tensors in inputs.values() for tensor in tensors]
    result = current_client().evaluate(
        loss,
        axes=axes,
        gradients=torch.is_grad_enabled() and any(tensor.requires_grad for tensor in flat),
        gradient_dtype=_gradient_dtype(spikes),
        **members,
    )
    gradients = _gradients_of(inputs, result.requested_gradients or {})
    value = torch.scalar_tensor(result.loss, dtype=_loss_dtype(spikes), device=_device(spikes))
    served: Tensor = _ServedLoss.apply(value, gradients, *flat)
    served._spikeloss_diagnostics = result.diagnostics  # type: ignore[attr-defined]
    return served


def _gradients_of(
    inputs: Mapping[str, Sequence[Tensor]], given: Mapping[str, Any]
) -> list[Optional[Gradient]]:
    """The gradient of each input, small where it repeats along an axis; None: there is none."""
    gradients: list[Optional[Gradient]] = []
    for name, tensors in inputs.items():
        if name not in given:
            if given and any(tensor.requires_grad for tensor in tensors):
                raise ValueError(f"{name}: the loss has no gradient for it; pass {name}.detach()")
            gradients += [None] * len(tensors)
        elif name in ("spk", "spikes_list"):
            views = given[name] if name == "spikes_list" else [given[name]]
            gradients += map(_constant_part, views)
        elif tensors[0].dim() == 0:
            gradients.append(given[name])
        else:
            gradients.append(numpy.asarray(given[name]).reshape(tensors[0].shape))
    return gradients


def _derivatives(ctx: Any, upstream: Tensor) -> tuple[Optional[Tensor], ...]:
    factor = upstream.item() if upstream.device.type == "cpu" else upstream
    needed = ctx.needs_input_grad[2:]
    return None, None, *(
        _derivative(gradient, factor, *like) if is_needed and gradient is not None else None
        for is_needed, gradient, like in zip(needed, ctx.gradients, ctx.likes)
    )


_first_derivatives: Any = once_differentiable(_derivatives)  # type: ignore[no-untyped-call]


class _ServedLoss(torch.autograd.Function):
    """A number whose derivatives are known: one array for each input, which broadcasts to it."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, loss: Tensor, gradients: list[Optional[Gradient]], *inputs: Tensor
    ) -> Tensor:
        ctx.gradients = gradients
        ctx.likes = [(tensor.shape, tensor.dtype, tensor.device) for tensor in inputs]
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:  # type: ignore[override]
        if not torch.is_grad_enabled():
            return _derivatives(ctx, upstream)
        # With create_graph, gradients must not look constant, whether or not the incoming gradient
        # is: otherwise second derivatives would be zeros instead of errors.
        if not upstream.requires_grad:
            upstream = upstream.detach().requires_grad_()
        return _first_derivatives(ctx, upstream)


def _derivative(
    gradient: Gradient,
    factor: Union[float, Tensor],
    shape: torch.Size,
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """Expanded, not copied: all steps of an axis share one number."""
    if device.type != "cpu":
        given = torch.as_tensor(factor, device=device)
        return (torch.tensor(gradient, device=device) * given).to(dtype).expand(shape)
    if isinstance(factor, Tensor):
        factor = factor.item()
    if not isinstance(gradient, numpy.ndarray):
        return torch.scalar_tensor(gradient * factor, dtype=dtype)
    # A program may write to its gradient, at least to one step of it, and ask for it again.
    own = gradient.copy() if factor == 1.0 else gradient * factor
    return torch.from_numpy(own).to(dtype).expand(shape)


def _layers(spikes_list: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(spikes_list, Tensor) or not isinstance(spikes_list, Iterable):
        raise TypeError(
            f"spikes_list: expected a list of tensors, one a layer, not {type(spikes_list).__name__};"
            " for a single layer: [spikes]"
        )
    return list(spikes_list)


def _has_tensors(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, Tensor) for item in value)
    return isinstance(value, Tensor)


def _scalar(value: Number) -> Number:
    """A parameter of one element counts as a number."""
    if isinstance(value, Tensor) and value.dim() > 0 and value.numel() == 1:
        return value.reshape(())
    return value


def _tensor(value: Union[Tensor, Sequence[Number]]) -> Tensor:
    """Numbers beside tensors keep all their digits, and the list stays differentiable."""
    if isinstance(value, Tensor):
        return value
    numbers = [torch.as_tensor(number, dtype=torch.float64, device="cpu") for number in value]
    return torch.stack(numbers)


def _spikes(spikes: Tensor, axes: Axes) -> Union[NDArray[Any], Sums]:
    """What the client gets: the tensor's own memory, or sums that its device has computed."""
    if not isinstance(spikes, Tensor):
        found = type(spikes).__name__
        raise TypeError(f"spikes: expected a tensor, not {found}; torch.as_tensor() makes one")
    plain = spikes.detach()
    half = plain.dtype in _HALF
    if plain.dim() < 2:
        return _array(plain.float() if half else plain)
    if plain.device.type == "cpu" and not half:
        array: NDArray[Any] = plain.numpy()
        return array
    time = time_axis(plain.dim(), axes)
    sums = plain.sum(time, dtype=torch.float32 if half or plain.dtype == torch.float32 else None)
    if sums.dtype == torch.float32 and not torch.equal(sums, sums.round()):
        wide = plain.cpu() if plain.device.type == "mps" else plain  # which has no float64
        sums = wide.sum(time, dtype=torch.float64)
    return Sums(_array(sums), plain.shape)


def _array(tensor: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = (tensor if tensor.device.type == "cpu" else tensor.cpu()).numpy()
    return array


def _constant_part(view: NDArray[Any]) -> NDArray[Any]:
    """One step of each axis that a broadcast view repeats."""
    steps = tuple(slice(1) if stride == 0 else slice(None) for stride in view.strides)
    return view[steps]


def _loss_dtype(spikes: Sequence[Tensor]) -> torch.dtype:
    """That of the spikes, but half precision has too few digits for a loss."""
    if len(spikes) == 1 and spikes[0].dtype == torch.float32:
        return torch.float32
    dtype = torch.get_default_dtype()
    if spikes and all(tensor.is_floating_point() for tensor in spikes):
        dtype = spikes[0].dtype
        for tensor in spikes[1:]:
            dtype = torch.promote_types(dtype, tensor.dtype)
    return torch.float32 if dtype in _HALF else dtype


def _device(spikes: Sequence[Tensor]) -> Optional[torch.device]:
    return spikes[0].device if spikes else None


def _gradient_dtype(spikes: Sequence[Tensor]) -> type:
    double = any(tensor.dtype == torch.float64 for tensor in spikes)
    return numpy.float64 if double else numpy.float32
