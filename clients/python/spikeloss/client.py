"""The client: each loss is a method with the arguments of the loss."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Optional, TypeVar, Union

from spikeloss.answers import Answered, Gradient, Shape, Unexpected, read_answer
from spikeloss.backend import backend
from spikeloss.errors import BadAnswer, problem_error
from spikeloss.http import Answer
from spikeloss.layout import Axes, Sent, Sums
from spikeloss.results import (
    ActivityDiagnostics,
    ActivityGradients,
    CrossEntropyDiagnostics,
    CrossEntropyGradients,
    LayersDiagnostics,
    LayersGradients,
    PopulationDiagnostics,
    PopulationGradients,
    Result,
)
from spikeloss.transport import TlsFiles, Transport

if TYPE_CHECKING:
    import numpy
    from numpy.typing import ArrayLike, DTypeLike

DEFAULT_URL = "http://127.0.0.1:8080"

Integer = Union[int, "numpy.integer[Any]"]
Real = Union[float, "numpy.integer[Any]", "numpy.floating[Any]"]
Spikes = Union["ArrayLike", Sums]
Measure = Literal["count", "rate"]
Reduction = Literal["mean", "sum"]
Gradients = TypeVar("Gradients")


class Client:
    """Losses and gradients from the spikelossd at `url`. Threads may share it.

    url      http://HOST:PORT, https://HOST:PORT or unix:PATH. Default: the environment variable
             SPIKELOSSD_URL (with SPIKELOSSD_TOKEN), else http://127.0.0.1:8080
    token    sent as bearer token, for servers that require one
    timeout  seconds that a call may take, with all its retries
    retries  how often a request is sent again if the connection is refused or broken, or the server
             is full or stopped; the first time at once, then after pauses of 0.2 s, 0.4 s … up to 5 s,
             or as long as Retry-After says. The default covers an outage of half a minute
    ca_file  for https: PEM file of the authorities to trust instead of the system's
    certificate, key
             for https: PEM files, for a server that requires client certificates

    All losses have these arguments beside their own:

    axes            how spikes are laid out: "batch_time_neurons", "time_batch_neurons" or
                    "batch_neurons_time"; gradients have the same layout
    gradients       False asks for the loss and the diagnostics alone
    gradient_dtype  float32 or float64, of the spikes' gradients; by default float32 if that is
                    what the spikes are, else float64
    """

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        token: Optional[str] = None,
        timeout: float = 60.0,
        retries: int = 10,
        ca_file: Optional[str] = None,
        certificate: Optional[str] = None,
        key: Optional[str] = None,
    ) -> None:
        if url is None:
            url = os.environ.get("SPIKELOSSD_URL", DEFAULT_URL)
            token = token or os.environ.get("SPIKELOSSD_TOKEN")
        self._arguments = {
            "url": url,
            "token": token,
            "timeout": timeout,
            "retries": retries,
            "tls": TlsFiles(ca_file, certificate, key),
        }
        self._transport = Transport(**self._arguments)  # type: ignore[arg-type]

    def __getstate__(self) -> dict[str, Any]:
        return self._arguments

    def __setstate__(self, arguments: dict[str, Any]) -> None:
        self._arguments = arguments
        self._transport = Transport(**arguments)

    def firing_rate_target_mse_loss(
        self,
        spikes_list: Iterable[Spikes],
        offsets: ArrayLike,
        multipliers: ArrayLike,
        *,
        axes: Axes = "batch_time_neurons",
        gradients: bool = True,
        gradient_dtype: Optional[DTypeLike] = None,
    ) -> Result[LayersGradients, LayersDiagnostics]:
        """Sum over layers of ((mean rate - offset) * multiplier)^2.

        spikes_list     one array a layer, of rank 1 to 8, typically [batch, time, neurons]
        offsets         the target rate of each layer, in spikes per neuron and time step
        multipliers     the weight of each layer
        """
        fields = {"spikes_list": spikes_list, "offsets": offsets, "multipliers": multipliers}
        call = _Call("firing_rate_target_mse_loss", fields, axes, gradients, gradient_dtype)
        return self._ask(call, _reader(LayersGradients))

    def balanced_population_mse(
        self,
        spk: Spikes,
        targets: ArrayLike,
        num_classes: Integer,
        neurons_per_class: Integer,
        correct_rate: Real,
        incorrect_rate: Real,
        *,
        axes: Axes = "batch_time_neurons",
        gradients: bool = True,
        gradient_dtype: Optional[DTypeLike] = None,
    ) -> Result[PopulationGradients, PopulationDiagnostics]:
        """Mean over samples and neurons of (spike count - target count)^2.

        spk                [batch, time, output_neurons]: class k owns the neurons from
                           k * neurons_per_class to (k + 1) * neurons_per_class - 1
        targets            the class of each sample
        correct_rate       the rate to reach in the target's population, in spikes per time step
        incorrect_rate     the same for all other neurons
        """
        fields = {
            "spk": spk,
            "targets": targets,
            "num_classes": num_classes,
            "neurons_per_class": neurons_per_class,
            "correct_rate": correct_rate,
            "incorrect_rate": incorrect_rate,
        }
        call = _Call("balanced_population_mse", fields, axes, gradients, gradient_dtype)
        return self._ask(call, _reader(PopulationGradients))

    def spike_count_mse(
        self,
        spk: Spikes,
        targets: ArrayLike,
        num_classes: Integer,
        correct_rate: Real,
        incorrect_rate: Real,
        *,
        per: Literal["neuron", "population"] = "neuron",
        measure: Measure = "count",
        truncate: bool = False,
        reduction: Reduction = "mean",
        weight: Real = 1.0,
        axes: Axes = "batch_time_neurons",
        gradients: bool = True,
        gradient_dtype: Optional[DTypeLike] = None,
    ) -> Result[PopulationGradients, PopulationDiagnostics]:
        """weight * mean over samples and units of (count or rate - target)^2.

        spk           [batch, time, neurons]; num_classes divides the neurons
        correct_rate  the rate to reach in the target's class, in spikes per neuron and time step
        per           what has a target: each neuron, or the total of each class's population
        measure       "rate" divides counts by the time steps
        truncate      targets are cut toward zero, as int() does
        """
        fields = {
            "spk": spk,
            "targets": targets,
            "num_classes": num_classes,
            "correct_rate": correct_rate,
            "incorrect_rate": incorrect_rate,
            "per": per,
            "measure": measure,
            "truncate": truncate,
            "reduction": reduction,
            "weight": weight,
        }
        call = _Call("spike_count_mse", fields, axes, gradients, gradient_dtype)
        return self._ask(call, _reader(PopulationGradients))

    def spike_count_cross_entropy(
        self,
        spk: Spikes,
        targets: ArrayLike,
        num_classes: Integer,
        *,
        measure: Measure = "count",
        label_smoothing: Real = 0.0,
        class_weights: Optional[ArrayLike] = None,
        reduction: Reduction = "mean",
        weight: Real = 1.0,
        axes: Axes = "batch_time_neurons",
        gradients: bool = True,
        gradient_dtype: Optional[DTypeLike] = None,
    ) -> Result[CrossEntropyGradients, CrossEntropyDiagnostics]:
        """Cross entropy of the softmax of each class's spike count, as PyTorch defines it.

        spk              [batch, time, neurons]; num_classes divides the neurons
        measure          "rate" divides counts by the time steps
        label_smoothing  from 0 to 1
        class_weights    a number a class; the mean divides by the weights of the targets
        """
        fields = {
            "spk": spk,
            "targets": targets,
            "num_classes": num_classes,
            "measure": measure,
            "label_smoothing": label_smoothing,
            "class_weights": class_weights,
            "reduction": reduction,
            "weight": weight,
        }
        call = _Call("spike_count_cross_entropy", fields, axes, gradients, gradient_dtype)
        return self._ask(call, _reader(CrossEntropyGradients))

    def activity_regularization(
        self,
        spikes_list: Iterable[Spikes],
        *,
        lower: Optional[ArrayLike] = None,
        upper: Optional[ArrayLike] = None,
        weights: Optional[ArrayLike] = None,
        per: Literal["layer", "neuron"] = "layer",
        samples: Literal["mean", "each"] = "mean",
        measure: Measure = "rate",
        norm: Literal["l1", "l2"] = "l2",
        reduction: Reduction = "mean",
        axes: Axes = "batch_time_neurons",
        gradients: bool = True,
        gradient_dtype: Optional[DTypeLike] = None,
    ) -> Result[ActivityGradients, ActivityDiagnostics]:
        """What the activity of layers, or of neurons, costs outside its bounds.

        spikes_list   one array a layer, of rank 1 to 8, typically [batch, time, neurons]
        lower, upper  the bounds, a number a layer; one of the two may be absent
        weights       of the layers; by default 1
        per           what is kept within the bounds: each layer's mean, or each neuron
        samples       "mean": over the batch; "each": every sample alone
        norm          the square of the distance from a bound (l2), or the distance (l1)
        """
        fields = {
            "spikes_list": spikes_list,
            "lower": lower,
            "upper": upper,
            "weights": weights,
            "per": per,
            "samples": samples,
            "measure": measure,
            "norm": norm,
            "reduction": reduction,
        }
        call = _Call("activity_regularization", fields, axes, gradients, gradient_dtype)
        return self._ask(call, _reader(ActivityGradients))

    def evaluate(
        self,
        loss: str,
        /,
        *,
        axes: Axes = "batch_time_neurons",
        gradients: bool = True,
        gradient_dtype: Optional[DTypeLike] = None,
        **fields: Any,
    ) -> Result[dict[str, Gradient], dict[str, Any]]:
        """Any loss of the server, by name and fields: GET /v1/losses describes them.

        Spikes are in `spk`, an array, or in `spikes_list`, a list of arrays. A field that is None
        is absent. The result's gradients are a dictionary.
        """
        return self._ask(_Call(loss, fields, axes, gradients, gradient_dtype), lambda given: given)

    def close(self) -> None:
        """Closes idle connections. The client can still be used."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self, call: _Call, read_gradients: Callable[[dict[str, Gradient]], Gradients]
    ) -> Result[Gradients, Any]:
        answer = self._transport.post("/v1/losses/" + call.loss, call.body, call.max_answer())
        if answer.status != 200:
            self._fail(answer)
        try:
            read = call.read(answer.body)
            gradients = read_gradients(read.gradients) if call.gradients else None
        except Unexpected as error:
            raise BadAnswer(f"{self._transport.url} is not a spikelossd: {error}") from None
        return Result(read.loss, read.diagnostics, gradients)

    def _fail(self, answer: Answer) -> NoReturn:
        """Raises the exception for an answer without a loss. Those of proxies and other servers
        have no problem document."""
        url, status = self._transport.url, answer.status
        if status < 400:
            location = answer.headers.get("location")
            what = f"it redirects to {location}" if location else f"it answers with status {status}"
            raise BadAnswer(f"{url} is not a spikelossd: {what}")
        try:
            document = json.loads(answer.body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            shown = bytes(answer.body[:200])
            document = {"detail": f"the answer of {url} is not a problem document: {shown!r}"}
        raise problem_error(status, document, answer.headers.get("x-request-id"))


class _Call:
    """A request, and how its answer is read."""

    def __init__(
        self,
        loss: str,
        fields: Mapping[str, Any],
        axes: str,
        gradients: bool,
        gradient_dtype: Optional[DTypeLike],
    ) -> None:
        self.loss = loss
        self.gradients = gradients
        self._axes = axes
        self._tensors: list[Sent] = []
        self._shapes: dict[str, Union[Shape, list[Shape]]] = {}
        plain: dict[str, Any] = backend.layout_members(axes)
        tensors: list[Union[bytes, memoryview]] = []
        for name, value in fields.items():
            if name == "spk":
                tensor = self._tensor(name, value)
                self._shapes[name] = tensor.shape
                tensors += b',"spk":', *tensor.json
            elif name == "spikes_list":
                layers = [
                    self._tensor(f"{name}[{index}]", layer)
                    for index, layer in enumerate(_listed(value))
                ]
                self._shapes[name] = [layer.shape for layer in layers]
                for index, layer in enumerate(layers):
                    tensors += b"," if index else b',"spikes_list":[', *layer.json
                tensors.append(b"]" if layers else b',"spikes_list":[]')
            elif value is not None:
                plain[name] = value
        plain["gradient"] = "broadcast" if gradients else "none"
        if gradients:
            dtypes = (tensor.dtype for tensor in self._tensors)
            plain["gradient_encoding"] = backend.gradient_encoding(gradient_dtype, dtypes)
        # The members of an object and its tensors, within one pair of braces. In pieces, as no byte
        # of a tensor need be copied before it is sent.
        self.body = [_plain_json(plain)[:-1], *tensors, b"}"]

    def _tensor(self, name: str, tensor: Spikes) -> Sent:
        try:
            self._tensors.append(backend.sent(tensor, self._axes))
        except TypeError as error:
            raise type(error)(f"{name}: {error}") from None
        return self._tensors[-1]

    def max_answer(self) -> int:
        """Bytes: 11 for a gradient of 8 bytes in base64, and room for diagnostics and numbers."""
        pairs = sum(math.prod(tensor.shape) // max(1, tensor.steps) for tensor in self._tensors)
        return (1 << 16) + 1024 * len(self._tensors) + 11 * pairs

    def read(self, body: Union[bytes, bytearray]) -> Answered:
        answer = read_answer(body, self._shapes, self.gradients)
        for name in self._shapes if self.gradients else ():
            given: Any = answer.gradients[name]
            answer.gradients[name] = (
                tuple(backend.given_layout(tensor, self._axes) for tensor in given)
                if isinstance(given, tuple)
                else backend.given_layout(given, self._axes)
            )
        return answer


def _listed(spikes_list: Iterable[Spikes]) -> list[Spikes]:
    if hasattr(spikes_list, "shape") or not isinstance(spikes_list, Iterable):
        raise TypeError(
            f"spikes_list: expected a list of arrays, one a layer, not {type(spikes_list).__name__};"
            " for a single layer: [spikes]"
        )
    return list(spikes_list)


def _plain_json(members: Mapping[str, Any]) -> bytes:
    try:
        return backend.plain_json(members)
    except TypeError:
        for name, value in members.items():
            try:
                backend.plain_json({name: value})
            except TypeError as error:
                raise TypeError(f"{name}: {error}") from None
        raise


def _reader(kind: type[Gradients]) -> Callable[[dict[str, Gradient]], Gradients]:
    return functools.partial(_typed, kind)


# Asked for with each answer.
_fields = functools.lru_cache(maxsize=None)(dataclasses.fields)


def _typed(kind: type[Gradients], gradients: dict[str, Gradient]) -> Gradients:
    """Raises Unexpected unless each gradient of the type is there, and of its form."""
    layers = gradients.get("spikes_list")
    count = len(layers) if isinstance(layers, tuple) else 0
    known = {}
    for field in _fields(kind):  # type: ignore[arg-type]
        value = gradients.get(field.name)
        if field.name.endswith("_rate"):
            fits = isinstance(value, (int, float))
        elif field.name in ("spk", "spikes_list"):
            fits = True
        elif value is None:
            fits = field.default is None
        else:
            fits = not isinstance(value, (int, float)) and len(value) == count
        if not fits:
            raise Unexpected(f"gradients.{field.name} is missing or of another length")
        known[field.name] = value
    return kind(**known)
